// Everything random in the simulator comes from here, so that a seed replays a world exactly.

/** A well mixed 32-bit number out of up to three; the same for the same. */
export function mix(a: number, b = 0, c = 0): number {
  let h =
    Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^
    Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^
    Math.imul(c + 0x165667b1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number out of a text, so that a stream or a klass can seed something. */
export function textSeed(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = mix(seed);
  }

  /** In [0, 1); mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number in [from, to). */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(0, from.length)] as T;
  }

  /** `count` different whole numbers of [from, to), in random order, in O(count): a Fisher-Yates that stops early. */
  sample(count: number, from: number, to: number): number[] {
    const size = to - from;
    const moved = new Map<number, number>();
    const out: number[] = [];
    for (let k = 0; k < Math.min(count, size); k++) {
      const j = this.int(k, size);
      out.push(from + (moved.get(j) ?? j));
      moved.set(j, moved.get(k) ?? k);
    }
    return out;
  }
}
