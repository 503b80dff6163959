// Who waits for whom: the places that jobs run side by side on, and concurrency groups.
import type { GitHub } from '../github/index.ts';

/** Numbered places; the lowest that is free is taken, and who finds none waits, first come, first served. */
export class Slots {
  #free: number[];
  #next = 0;
  #most: number;
  #waiting: ((place: number) => void)[] = [];

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.#free = [];
  }

  async use<T>(act: (place: number) => Promise<T>): Promise<T> {
    const place = await this.#take();
    try {
      return await act(place);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(place);
      else next(place);
    }
  }

  async #take(): Promise<number> {
    const free = this.#free.sort((a, b) => a - b).shift();
    if (free !== undefined) return free;
    if (this.#next < this.#most) return this.#next++;
    return new Promise(resolve => this.#waiting.push(resolve));
  }
}

/**
 * Concurrency groups with `queue: max`: one at a time, and nobody is sent away. They are those of a GitHub, not of a run, and
 * so are the machines: runs beside each other must not share one.
 */
export class Queues {
  static #all = new WeakMap<GitHub, Queues>();
  readonly machines = new Slots();
  #groups = new Map<string, Slots>();

  static of(github: GitHub): Queues {
    const queues = Queues.#all.get(github) ?? new Queues();
    Queues.#all.set(github, queues);
    return queues;
  }

  use<T>(group: string, act: () => Promise<T>): Promise<T> {
    const slots = this.#groups.get(group) ?? new Slots(1);
    this.#groups.set(group, slots);
    return slots.use(act);
  }
}
