// Which records there are, in which versions, in a few numbers: two sets of millions are compared without holding either.
import { createHash } from 'node:crypto';

export class Tally {
  records = 0;
  /** Of what is drawn from each id and its version; it does not depend on their order. */
  sum = 0;

  add(id: string, updatedAt: string): void {
    this.records++;
    // Millions of numbers of 32 bits add up exactly.
    this.sum += createHash('md5').update(`${id} ${updatedAt}`).digest().readUInt32LE(0);
  }
}
