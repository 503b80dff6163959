// Whatever is written into a saved state, at whatever place: a run refuses it with one clear error, or goes on from what it
// says, and then reads everything of which it does not say that it is published.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/errors.ts';
import { contains, minus } from '../../src/sync/intervals.ts';
import { nextState } from '../../src/sync/next-state.ts';
import { planList, planSearch } from '../../src/sync/plan.ts';
import { goOn } from '../../src/sync/reconciliation.ts';
import { isStreamName, nextSearchState, type State, streamOf } from '../../src/sync/state.ts';
import { iso, parseState, requirePast, serializeState } from '../../src/sync/state-document.ts';
import type { Json } from '../../src/sync/stream-document.ts';
import { LONG } from '../forms.ts';

const NOW = Date.parse('2026-11-26T12:00:00.000Z');
const HOUR = 3_600_000;
const ORGANIZATION = '5f0000000000000000000001';
const EVIL = '::error::pwned\n</details><img src=x>';

/** A document that has every member there is. */
const FULL: Json = {
  version: 1,
  written_by: 'kustomer-sync/0.1.0',
  generation: 7,
  identity: ORGANIZATION,
  saved_at: iso(NOW - HOUR),
  run: { id: '17', attempt: '1' },
  publish_id: '6f1c1f0e-2b2a-4b8e-9d55-3f0a7f6f1a10',
  consecutive_runs: 2,
  shard_manifest: { files: [{ stream: 'notes', records: 3, path: 'a', min_updated_at: null }], requests: { notes: 4 } },
  reconciliation: { cutoff: iso(NOW - HOUR), as_of: iso(NOW - 2 * HOUR), open: ['notes'], ids: { notes: 5 } },
  revisions: Object.fromEntries(
    ['kobjects', 'notes', 'users', 'tags'].map((stream, epoch) => {
      const keptBack = { paths: { a: 'hashed', b: 'mixed' }, unmet: ['b'], hash_key: '0123456789abcdef' };
      const options = { record_format: 'flat', include_deleted: true, ...(epoch === 0 && { kept_back: keptBack }) };
      return [stream, { changed_in: 7 - epoch, epoch, ...options, published: 9 }];
    }),
  ),
  streams: {
    kobjects: {
      synced_ranges: [
        [iso(0), iso(NOW - 50 * HOUR)],
        [iso(NOW - 40 * HOUR), iso(NOW - HOUR)],
      ],
      cutoff: iso(NOW - HOUR),
      dedup_since: iso(NOW - 2 * HOUR),
      list_cut_at: iso(NOW - 9 * HOUR),
      klasses: { checked_at: iso(NOW - 3 * HOUR), from: iso(0), done_up_to: 'order', skipped: ['a'] },
      deletions: { up_to: iso(NOW - HOUR), since: iso(NOW - 3 * HOUR), seen: { e: iso(NOW - 2 * HOUR) } },
      dedup_keys: ['- 0123456789abcdef x', `${iso(NOW - 1.5 * HOUR)} y`],
    },
    'kobjects/order': { synced_ranges: [], cutoff: iso(NOW - HOUR), dedup_since: iso(0), dedup_keys: [] },
    notes: { synced_ranges: [[iso(0), iso(NOW - HOUR)]], cutoff: iso(NOW - HOUR), dedup_since: iso(0), dedup_keys: [] },
    users: { narrow: true, gone: { z: iso(NOW - HOUR) }, seen: { u: `${iso(NOW - 9 * HOUR)} abc` } },
    tags: { read_until: iso(NOW - HOUR), seen: {} },
  },
  schemas: {
    notes: {
      format: 'flat',
      columns: { '': { id: 1 }, custom: { aStr: 2 } },
      open: ['custom'],
      klasses: ['k'],
      vanished: [],
    },
  },
};

/** Paths to all members and elements, each with its holder at the end. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, key]))];
}
const PLACES = placesIn(FULL).filter(path => path.length > 0);

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 7.5, 1e300, 2 ** 53, -0, '', ' ', '7', [], {}, [null], [[]], { a: 1 }, [EVIL]],
  ...[EVIL, '\u0000', '\ud800', '__proto__', 'constructor', 'x'.repeat(30_000), '5f0000000000000000000002'],
  ...[iso(NOW + 24 * HOUR), iso(NOW), iso(8.64e15), iso(-8.64e15), '2026-11-26', '2026-11-26T12:00:00Z', 'raw', 'flat'],
  ...[
    [[iso(0), iso(NOW + 99 * HOUR)]],
    [
      [iso(0), iso(9)],
      [iso(5), iso(20)],
    ],
    [[iso(9), iso(0)]],
    [['a', 'b']],
  ],
];
const KEYS = ['__proto__', 'constructor', 'toString', '', EVIL, 'notes/__proto__', 'notes', 'x'.repeat(20_000), 'a|b'];

/** The document with something else at some places: another value, none, or one more member under an odd key. */
function changed(changes: readonly { place: number; value: unknown; key: string; how: string }[]): string {
  const document = JSON.parse(JSON.stringify(FULL));
  for (const { place, value, key, how } of changes) {
    const path = PLACES[place % PLACES.length] as readonly string[];
    const holder = path
      .slice(0, -1)
      .reduce((of, name) => (of === null || typeof of !== 'object' ? {} : of[name]), document);
    if (typeof holder !== 'object' || holder === null) continue;
    const last = path.at(-1) as string;
    // A copy, since a later change may be inside of it.
    const add = (name: string, what: unknown) =>
      Object.defineProperty(holder, name, {
        value: structuredClone(what),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    if (how === 'remove') delete holder[last];
    else if (how === 'add') add(key, Array.isArray(holder) ? value : holder[last]);
    else add(last, value);
  }
  return JSON.stringify(document);
}
const change = fc.record({
  place: fc.nat(),
  value: fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue()),
  key: fc.constantFrom(...KEYS),
  how: fc.constantFrom('replace', 'replace', 'add', 'remove'),
});

/** What a run starts from; the message of the error where it refuses. */
function startFrom(text: string): State | string {
  try {
    const state = parseState(text, 'the place');
    requirePast(state, 'the place', NOW);
    return state;
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    expect(error.kind).toBe('state');
    return error.message;
  }
}

function expectClear(message: string): void {
  expect(message).toMatch(/^The saved state \(the place\) .*\. .*reset-state/s);
  expect(message.length).toBeLessThan(1_000);
  expect(message).not.toMatch(/\n|undefined|null/);
}

const OPTIONS = { startDate: null, settleMs: 60_000, lookbackMs: HOUR, archive: 'auto' } as const;

/** What is neither synced by what the state says nor read is skipped. */
function expectNothingSkipped(state: State): void {
  for (const [key, before] of state.search) {
    expect(isStreamName(streamOf(key))).toBe(true);
    const selection = { name: key, mode: 'incremental', named: false } as const;
    const { work, wanted, cutoff } = planSearch(key, selection, OPTIONS, state, NOW, 'archive');
    expect(cutoff).toBeLessThan(NOW);
    expect(minus(minus([wanted], before.syncedRanges), work.toRead)).toEqual([]);
    // The lookback again.
    for (const at of [NOW - HOUR, NOW - 60_001]) expect(contains(work.toRead, at) || at < before.dedupSince).toBe(true);
    nextSearchState(before, work, work.toRead, new Set(), cutoff);
  }
  for (const name of state.lists.keys())
    planList(name, { name, mode: 'incremental', named: false } as never, OPTIONS, state, NOW);
  goOn(state, ['notes'], NOW, NOW);
}

/** Saves on top, alone and beside another run, and reads it back. */
function expectSavable(state: State): void {
  const changed = [...new Set([...state.search.keys()].map(streamOf))];
  for (const latest of [null, { ...state, generation: state.generation + 1 }]) {
    try {
      const { state: next } = nextState({ state, changed, startsOver: false }, state.generation, latest);
      expect(serializeState(parseState(serializeState(next), 'x')) === serializeState(next)).toBe(true);
    } catch (error) {
      // A generation that cannot grow.
      expect(error).toMatchObject({ code: 'state-unreadable' });
      expect(state.generation).toBeGreaterThan(2 ** 51);
    }
  }
}

function expectHarmless(text: string): void {
  const state = startFrom(text);
  if (typeof state === 'string') expectClear(state);
  else {
    expectNothingSkipped(state);
    expectSavable(state);
  }
}

test('a state with all its members is one to go on from', () => {
  expect(startFrom(JSON.stringify(FULL))).toMatchObject({ generation: 7, organizationId: ORGANIZATION });
  expectHarmless(JSON.stringify(FULL));
});

test('each value at each place is refused or harmless', { timeout: 120_000 }, () => {
  for (const [place, path] of PLACES.entries()) {
    const values = LONG ? VALUES : VALUES.filter((_, n) => n % 7 === place % 7);
    for (const value of values) {
      expect(() => expectHarmless(changed([{ place, value, key: '', how: 'replace' }])), path.join('.')).not.toThrow();
    }
    for (const key of LONG ? KEYS : [KEYS[place % KEYS.length] as string])
      expectHarmless(changed([{ place, value: 1, key, how: 'add' }]));
    expectHarmless(changed([{ place, value: 1, key: '', how: 'remove' }]));
  }
});

test('several changes at once are refused or harmless', { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), changes => expectHarmless(changed(changes))),
    { numRuns: LONG ? 20_000 : 200 },
  );
});

describe('a time that has not come', () => {
  // A check of klasses that is said to be far from now is made again.
  const times = PLACES.filter(path =>
    /^(?:cutoff|dedup_since|from|up_to|since|as_of|read_until)$/.test(path.at(-1) ?? ''),
  );
  test.each([...times, ['streams', 'kobjects', 'synced_ranges', '1', '1']])('is refused: %s', (...path) => {
    const place = PLACES.findIndex(each => each.join() === path.join());
    // That of a reconciliation may be a day ahead.
    const value = iso(NOW + 25 * HOUR);
    const message = startFrom(changed([{ place, value, key: '', how: 'replace' }]));
    expect(message).toContain(`says what was read up to ${value}, and the clock of this runner shows ${iso(NOW)}`);
  });

  test('may be some minutes ahead, since no two clocks are the same', () => {
    const { reconciliation: _, ...plain } = FULL;
    const at = (ms: number) => JSON.stringify(plain).replaceAll(iso(NOW - HOUR), iso(NOW + ms));
    expect(startFrom(at(14 * 60_000))).toBeTypeOf('object');
    expect(startFrom(at(16 * 60_000))).toBeTypeOf('string');
  });
});

describe('a state of no end', () => {
  const withRanges = (count: number) => {
    const ranges = Array.from({ length: count }, (_, n) => [iso(n * 2_000), iso(n * 2_000 + 1_000)]);
    const notes = { ...(FULL.streams as Record<string, Json>).notes, synced_ranges: ranges };
    return JSON.stringify({ ...FULL, streams: { ...(FULL.streams as Json), notes } });
  };

  test('of ranges is refused, and one of many is planned at once', () => {
    expectClear(startFrom(withRanges(100_000)) as string);
    const begun = process.cpuUsage().user;
    expectHarmless(withRanges(9_000));
    expect(process.cpuUsage().user - begun).toBeLessThan(3e6);
  });

  test.each([
    ['of lists', () => `{"a":[${'[],'.repeat(2_000_000)}1]}`],
    ['of objects', () => `{"a":[${'{},'.repeat(2_000_000)}1]}`],
    ['of brackets', () => `${'['.repeat(3_000_000)}`],
    ['of characters', () => `"${'x'.repeat(70_000_000)}"`],
  ])('%s is refused before it is parsed', (_what, text) => {
    const begun = process.memoryUsage().heapUsed;
    expectClear(startFrom(text()) as string);
    expect(process.memoryUsage().heapUsed - begun).toBeLessThan(200e6);
  });
});
