// The names that git gives to objects: hashes of what they hold, by which an answer can be told from a wrong one. Pure.
import { createHash } from 'node:crypto';

const FILE = '100644';
const FOLDER = '040000';

/** @param mode as the Git Data API has it; a plain file's by default */
export interface NamedObject {
  readonly path: string;
  readonly sha: string;
  readonly mode?: string;
}

/** The name of a folder. */
export function treeSha(entries: readonly NamedObject[]): string {
  const named = entries.map(({ path, sha, mode = FILE }) => ({
    // A folder has its place as if its name ended with a slash.
    order: Buffer.from(mode === FOLDER ? `${path}/` : path),
    bytes: Buffer.concat([Buffer.from(`${mode.replace(/^0/, '')} ${path}\0`), Buffer.from(sha, 'hex')]),
  }));
  return nameOf('tree', Buffer.concat(named.sort((a, b) => a.order.compare(b.order)).map(({ bytes }) => bytes)));
}

/** The name of a file's content. */
export function blobSha(bytes: Buffer): string {
  return nameOf('blob', bytes);
}

function nameOf(type: string, bytes: Buffer): string {
  return createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
}
