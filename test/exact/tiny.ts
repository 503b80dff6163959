// A search that fits in a test: pages of a few records, everything that a search may do wrong, and no sockets. It answers
// the walkers directly, so that thousands of small cases take seconds.

import {
  type CursorGranularity,
  isCommit,
  isStage,
  readByKeyset,
  type Slice,
  type Step,
} from '../../src/sync/keyset-reader.ts';
import { readLiveAndArchive } from '../../src/sync/live-and-archive-reader.ts';
import type { DatedRecord, Page, SearchIndex, SearchRequest } from '../../src/sync/source.ts';
import type { Stage } from '../../src/sync/tie-reader.ts';
import { Random } from '../world/kustomer/index.ts';
import { resourceOf } from '../world/resource.ts';

export interface Tiny {
  readonly id: string;
  at: number;
  /** NaN: it has none. */
  readonly created: number;
}

/** What is wrong with an answer. */
export type Lie =
  | 'timed-out'
  | 'timed-out-empty'
  | 'total-high'
  | 'total-low'
  | 'unsorted'
  | 'short-end'
  | 'short-middle'
  | 'strangers'
  | 'page-1'
  | 'empty'
  | 'undated';

type Grain = 1 | 1_000;

export interface TinyOptions {
  readonly size: number;
  /** What it rounds the times to that it is asked for, those that it has, and those that it sorts by. */
  readonly ms: Grain;
  readonly stored: Grain;
  /** As `granularity` when left out. */
  readonly sorted?: Grain;
  readonly order: 'stable' | 'unstable';
  /** Results further down are not given. */
  readonly reach: number;
  /** What the live search shows begins here, and what the archive shows ends here. */
  readonly horizon: Record<SearchIndex, number>;
  readonly seed: number;
  /** Whether it says how many records there are. */
  readonly totals: boolean;
  /** Every page, the last one too, says that another follows. */
  readonly endless: boolean;
  /** What is wrong with the answer to the nth request. */
  readonly lie: (request: number) => Lie | undefined;
  /** Called before each answer, to change the records. */
  readonly before: (request: number, ask: SearchRequest, records: Map<string, Tiny>) => void;
}

const HONEST: TinyOptions = {
  size: 5,
  ms: 1,
  stored: 1,
  order: 'stable',
  reach: Number.POSITIVE_INFINITY,
  horizon: { live: Number.NEGATIVE_INFINITY, archive: Number.POSITIVE_INFINITY },
  seed: 1,
  totals: true,
  endless: false,
  lie: () => undefined,
  before: () => {},
};

const floor = (at: number, ms: number) => Math.floor(at / ms) * ms;

export class TinySearch {
  readonly options: TinyOptions;
  readonly records: Map<string, Tiny>;
  readonly asked: SearchRequest[] = [];
  readonly #random: Random;

  constructor(records: readonly Tiny[], options: Partial<TinyOptions> = {}) {
    this.options = { ...HONEST, ...options };
    this.records = new Map(records.map(each => [each.id, { ...each }]));
    this.#random = new Random(this.options.seed);
  }

  page(ask: SearchRequest): Page {
    const { size, ms, stored, reach, horizon, totals, endless } = this.options;
    this.asked.push(ask);
    if (!Number.isInteger(ask.from) || !(ask.from < ask.to)) throw new Error(`asked for ${ask.from} to ${ask.to}`);
    this.options.before(this.asked.length, ask, this.records);
    const lie = this.options.lie(this.asked.length);
    const shown = [...this.records.values()].filter(
      ({ at, created }) =>
        (ask.index === 'live' ? at >= horizon.live : at < horizon.archive) &&
        floor(at, stored) >= floor(ask.from, ms) &&
        floor(at, stored) < floor(ask.to, ms) &&
        (ask.created === null ||
          (floor(created, stored) >= floor(ask.created.from ?? Number.NEGATIVE_INFINITY, ms) &&
            floor(created, stored) < floor(ask.created.to ?? Number.POSITIVE_INFINITY, ms))),
    );
    const sorted = this.#sorted(shown, lie === 'unsorted');
    const number = lie === 'page-1' ? 1 : ask.page;
    let page = sorted.slice((number - 1) * size, Math.min(number * size, reach));
    if (lie === 'timed-out' || lie === 'short-end') page = page.slice(0, Math.floor(page.length / 2));
    if (lie === 'short-middle') page = page.filter((_, n) => n === 0 || n >= page.length / 2);
    if (lie === 'empty' || lie === 'timed-out-empty') page = [];
    if (lie === 'strangers') {
      const stranger = { id: 'stranger', at: floor(ask.from, 1_000) - 5_000, created: 0 };
      page = [stranger, ...page.slice(0, size - 1)];
    }
    // Cut short, it may well count only what it came to see.
    const counted = lie === 'timed-out-empty' ? 0 : sorted.length;
    const total = counted + (lie === 'total-high' ? 3 : lie === 'total-low' ? -Math.min(2, sorted.length) : 0);
    return {
      found: page.map((each, n) => found(each, lie === 'undated' && n % 2 === 0)),
      total: totals ? total : null,
      hasMore: endless || lie === 'page-1' || number * size < total,
      size,
      timedOut: lie === 'timed-out' || lie === 'timed-out-empty',
    };
  }

  /** By time, as far as it compares; records that are the same to it in a made-up order. */
  #sorted(shown: Tiny[], not: boolean): Tiny[] {
    const { ms, sorted = ms, order } = this.options;
    const isStable = order === 'stable' && !not;
    return shown
      .map(each => ({
        each,
        key: not ? 0 : floor(each.at, sorted),
        rank: isStable ? hash(each.id) : this.#random.next(),
      }))
      .sort((a, b) => a.key - b.key || a.rank - b.rank)
      .map(({ each }) => each);
  }
}

export function found({ id, at, created }: Tiny, undated = false): DatedRecord {
  const attributes = {
    ...(Number.isNaN(created) ? {} : { createdAt: new Date(created).toISOString() }),
    ...(undated ? {} : { updatedAt: new Date(at).toISOString() }),
  };
  return { at: undated ? Number.NaN : at, resource: resourceOf({ id, type: 'note', attributes }) };
}

const hashes = new Map<string, number>();

function hash(id: string): number {
  let known = hashes.get(id);
  if (known === undefined) {
    known = [...id].reduce((sum, each) => Math.imul(sum ^ each.charCodeAt(0), 16_777_619) >>> 0, 2_166_136_261);
    hashes.set(id, known);
  }
  return known;
}

/** Answers a generator until it is done. Resolves to all it has handed on. */
export function answer(
  steps: Generator<SearchRequest | Stage, DatedRecord[], Page>,
  search: TinySearch,
  most = 5_000,
): DatedRecord[] {
  const parts: DatedRecord[] = [];
  let step = steps.next(undefined as never);
  while (!step.done) {
    if (search.asked.length >= most) throw new Error(`still asking after ${most} requests`);
    if (isStage(step.value)) {
      parts.push(...step.value.stage);
      step = steps.next(undefined as never);
    } else {
      step = steps.next(search.page(step.value));
    }
  }
  return [...parts, ...step.value];
}

export interface Walked {
  /** What was handed on, in the order it was, by any of the slices. */
  readonly handed: DatedRecord[];
  /** What is claimed for read, one interval for each slice. */
  readonly claims: { from: number; to: number }[];
  readonly slices: Slice[];
}

/**
 * Walks a window with several slices in flight, as the reader does: at `cutsAt` requests, the slice with the most left is
 * cut in two. Which of the slices gets its answer next is drawn.
 */
export function walkAll(
  search: TinySearch,
  window: { from: number; to: number },
  indexes: SearchIndex | 'both',
  { cutsAt = new Set<number>(), most = 5_000 }: { cutsAt?: ReadonlySet<number>; most?: number } = {},
): Walked {
  const random = new Random(search.options.seed + 1);
  const senses: Record<SearchIndex, CursorGranularity> = { live: { ms: 0 }, archive: { ms: 0 } };
  const walked: Walked = { handed: [], claims: [], slices: [] };
  type Walking = {
    slice: Slice;
    claim: { from: number; to: number };
    steps: Generator<Step, void, Page>;
    ask: SearchRequest;
    /** Parts of what is to be whole, and where they end. */
    ahead: { found: DatedRecord[]; until: number };
  };
  const walking: Walking[] = [];

  const start = (slice: Slice) => {
    walked.slices.push(slice);
    const claim = { from: slice.from, to: slice.from };
    walked.claims.push(claim);
    const steps =
      indexes === 'both' ? readLiveAndArchive(slice, senses) : readByKeyset(slice, senses[indexes], indexes);
    const ahead = { found: [], until: Number.NEGATIVE_INFINITY };
    go({ slice, claim, steps, ask: undefined as unknown as SearchRequest, ahead }, undefined as never);
  };
  /** On to the next question. */
  const go = (one: Walking, page: Page) => {
    let step = one.steps.next(page);
    while (!step.done && (isCommit(step.value) || isStage(step.value))) {
      const { until } = step.value;
      const { ahead, claim } = one;
      const some = isCommit(step.value) ? step.value.commit : step.value.stage;
      for (const { at } of some) if (at < claim.to || at >= until) throw new Error(`${at} is not of its hand-over`);
      if (until < claim.to) throw new Error(`the claim goes back to ${until}`);
      // As the reader does: of two copies of a record the first one counts, and a claim waits for all that is ahead.
      const taken = new Map(ahead.found.map(({ at, resource }) => [resource.id, at]));
      ahead.found.push(...some.filter(({ at, resource }) => at > (taken.get(resource.id) ?? Number.NEGATIVE_INFINITY)));
      if (isStage(step.value)) ahead.until = Math.max(ahead.until, until);
      else if (until >= ahead.until) {
        walked.handed.push(...ahead.found);
        claim.to = until;
        ahead.found = [];
      }
      step = one.steps.next(undefined as never);
    }
    if (!step.done) walking.push({ ...one, ask: step.value as SearchRequest });
  };

  start({ ...window, splitBarrier: window.from });
  while (walking.length > 0) {
    if (search.asked.length >= most) throw new Error(`still asking after ${most} requests`);
    const [one] = walking.splice(random.int(0, walking.length), 1) as [Walking];
    const page = search.page(one.ask);
    if (cutsAt.has(search.asked.length)) {
      // The answer to another slice's request is what makes the reader cut, so the asked window may be cut as well.
      for (const { slice } of [one, ...walking]) {
        const from = Math.max(slice.from, slice.splitBarrier);
        const middle = floor((from + slice.to) / 2, 1_000);
        if (middle <= from) continue;
        const rest = { from: middle, to: slice.to, splitBarrier: middle };
        slice.to = middle;
        start(rest);
        break;
      }
    }
    go(one, page);
  }
  return walked;
}
