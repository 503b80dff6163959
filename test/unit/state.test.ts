// The state document: what is saved comes back as it was, and what is not exactly that is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/errors.ts';
import { union } from '../../src/sync/intervals.ts';
import { nextState } from '../../src/sync/next-state.ts';
import { withImputedDates } from '../../src/sync/pages.ts';
import { dated, readList } from '../../src/sync/read-list.ts';
import {
  dedupKey,
  isCheckDone,
  type ListState,
  MAX_GENERATION,
  NO_STATE,
  nextSearchState,
  publishedUpTo,
  type SearchState,
  type ShardManifest,
  type State,
  type StreamRevision,
  searchWork,
  undatedId,
} from '../../src/sync/state.ts';
import { iso, parseState, STATE_VERSION, serializeState } from '../../src/sync/state-document.ts';
import { byKey, CONTAINERS, type Container, type StreamSchema } from '../../src/sync/stream-schema.ts';
import { cases } from '../forms.ts';

/** From the beginning to the end of time. */
const at = fc.oneof(
  fc.integer({ min: Date.parse('1971-01-01'), max: Date.parse('2400-01-01') }),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
);
/** Any text is an id. */
const id = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{24}$/),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 9 }),
  fc.constantFrom(' ', '- ', ' a', 'a\nb', '\u2028', '\ud800', '__proto__', 'constructor', '7', '"', '\0'),
);
const searchState: fc.Arbitrary<SearchState> = fc.record({
  syncedRanges: fc.array(fc.record({ from: at, to: at }), { maxLength: 6 }).map(each => union(each)),
  cutoff: at,
  dedupSince: at,
  dedupKeys: fc
    .array(fc.tuple(fc.oneof(at, fc.constant('-')), id), { maxLength: 8 })
    .map(prints => new Set(prints.map(([when, of]) => `${when} ${of}`))),
});
const listState: fc.Arbitrary<ListState> = fc.record(
  {
    seen: fc.array(fc.tuple(id, fc.oneof(at.map(iso), fc.constant(''))), { maxLength: 8 }).map(pairs => new Map(pairs)),
    narrow: fc.constant(true),
    gone: fc.array(fc.tuple(id, at), { minLength: 1, maxLength: 3 }).map(pairs => new Map(pairs)),
  },
  { requiredKeys: ['seen'] },
);
const windowOfList: fc.Arbitrary<ListState> = fc.tuple(listState, at).map(([{ seen }, until]) => ({ seen, until }));
const shardManifest: fc.Arbitrary<ShardManifest> = fc.record({
  files: fc.array(fc.record({ stream: fc.constantFrom('notes', 'tags'), path: id, records: fc.nat() }), {
    maxLength: 3,
  }),
  requests: fc.dictionary(fc.constantFrom('notes', 'tags'), fc.nat()),
});
const revision: fc.Arbitrary<StreamRevision> = fc.record(
  {
    changedIn: fc.nat(),
    epoch: fc.nat(9),
    recordFormat: fc.constantFrom('flat', 'raw'),
    includeDeleted: fc.boolean(),
    keptBack: fc
      .uniqueArray(fc.stringMatching(/^[a-z]{1,3}(?:\.[a-z]{1,3}){0,2}$/), { minLength: 1, maxLength: 4 })
      .map(paths => ({
        paths: new Map(paths.map((path, n) => [path, (['excluded', 'hashed', 'mixed'] as const)[n % 3] ?? 'mixed'])),
        unmet: new Set(paths.slice(2)),
        hashKey: paths.length > 1 ? '0123456789abcdef' : undefined,
      })),
    published: fc.nat(),
  },
  { requiredKeys: ['changedIn', 'epoch', 'recordFormat', 'includeDeleted'] },
);
const schema: fc.Arbitrary<StreamSchema> = fc
  .tuple(
    fc.constantFrom('flat' as const, 'raw' as const),
    fc.array(fc.tuple(id, fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.array(id, { maxLength: 2 }),
  )
  .map(([format, keys, names]) => ({
    ...{ stream: '', format, klasses: new Set(names), vanished: new Set(names) },
    columns: new Map(CONTAINERS[format].map(container => [container, new Map([...keys].sort(byKey))])),
    open: new Set<Container>(['']),
  }));
const STREAMS = ['conversations', 'notes', 'messages', 'users', 'tags'];
const plain: fc.Arbitrary<State> = fc.record({
  generation: fc.integer({ min: 1, max: MAX_GENERATION }),
  organizationId: fc.oneof(id, fc.constant(null)),
  savedAt: at.map(iso),
  run: fc.record({ id: fc.stringMatching(/^\d{1,12}$/), attempt: fc.constantFrom('1', '2') }),
  search: fc
    .dictionary(fc.constantFrom('conversations', 'notes', 'messages'), searchState)
    .map(of => new Map(Object.entries(of))),
  lists: fc
    .dictionary(fc.constantFrom('users', 'tags'), fc.oneof(listState, windowOfList))
    .map(of => new Map(Object.entries(of))),
  schemas: fc
    .dictionary(fc.constantFrom('tags', 'notes'), schema)
    .map(all => new Map(Object.entries(all).map(([stream, each]) => [stream, { ...each, stream }]))),
  publishId: fc.uuid(),
  writtenBy: fc.constantFrom('kustomer-sync/0.1.0', 'kustomer-sync/source'),
  revisions: fc
    .tuple(...STREAMS.map(() => revision))
    .map(all => new Map(STREAMS.map((stream, n) => [stream, all[n] as StreamRevision]))),
});
const state: fc.Arbitrary<State> = fc.oneof(
  plain,
  fc.tuple(plain, fc.integer({ min: 1, max: 200 })).map(([each, consecutiveRuns]) => ({ ...each, consecutiveRuns })),
  fc.tuple(plain, shardManifest).map(([each, own]) => ({ ...each, shardManifest: own })),
);

const SAMPLE: State = {
  generation: 7,
  organizationId: '5f0000000000000000000001',
  savedAt: '2026-11-23T12:00:00.000Z',
  run: { id: '17', attempt: '1' },
  search: new Map([
    [
      'conversations',
      {
        syncedRanges: [{ from: Date.parse('2024-11-23T12:00:00Z'), to: Date.parse('2026-11-23T11:59:00Z') }],
        cutoff: Date.parse('2026-11-23T11:59:00Z'),
        dedupSince: Date.parse('2026-11-23T10:59:00Z'),
        klasses: { checkedAt: Date.parse('2026-11-20T12:00:00.000Z'), from: 0, doneUpTo: 'order', skipped: ['a'] },
        dedupKeys: new Set([
          `${Date.parse('2026-11-23T11:30:00.123Z')} 5f00000000000000000000aa`,
          '- 5f00000000000000000000ab',
        ]),
      },
    ],
  ]),
  lists: new Map([
    [
      'users',
      {
        seen: new Map([['5f00000000000000000000ac', '2026-01-01T00:00:00.000Z']]),
        gone: new Map([['5f00000000000000000000ae', Date.parse('2026-11-21T08:00:00.000Z')]]),
      },
    ],
  ]),
  schemas: new Map(),
  publishId: '6f1c1f0e-2b2a-4b8e-9d55-3f0a7f6f1a10',
  writtenBy: 'kustomer-sync/0.1.0',
  revisions: new Map([
    ['conversations', { changedIn: 7, epoch: 0, recordFormat: 'flat', includeDeleted: true }],
    ['users', { changedIn: 3, epoch: 2, recordFormat: 'flat', includeDeleted: false }],
  ]),
};

const STREAM = 'streams.conversations';

/** The sample with another value at a path such as `streams.users.seen`; undefined takes the member away. */
function damaged(path: string, value: unknown): string {
  const document = JSON.parse(serializeState(SAMPLE));
  const names = path.split('.');
  const last = names.pop() ?? '';
  const holder = names.reduce((of, name) => of[name], document);
  holder[last] = value;
  return JSON.stringify(document);
}

const refusalOf = (text: string): SyncError => {
  try {
    parseState(text, 'the place');
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('a state that was saved', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(state, given => {
        expect(parseState(serializeState(given), 'x')).toEqual(given);
      }),
      { numRuns: process.env.FEWER_CASES === undefined ? cases(3_000) : 50 },
    );
  });

  test('is written the same each time, and ends with one line end', () => {
    fc.assert(
      fc.property(state, given => {
        const text = serializeState(given);
        expect(serializeState(parseState(text, 'x'))).toBe(text);
        expect(text.endsWith('}\n')).toBe(true);
      }),
    );
  });

  test('holds ids, times and counts, and nothing else', () => {
    const document = JSON.parse(serializeState(SAMPLE));
    expect(document).toEqual({
      version: STATE_VERSION,
      generation: 7,
      identity: '5f0000000000000000000001',
      saved_at: '2026-11-23T12:00:00.000Z',
      run: { id: '17', attempt: '1' },
      publish_id: '6f1c1f0e-2b2a-4b8e-9d55-3f0a7f6f1a10',
      written_by: 'kustomer-sync/0.1.0',
      revisions: {
        conversations: { changed_in: 7, epoch: 0, record_format: 'flat', include_deleted: true },
        users: { changed_in: 3, epoch: 2, record_format: 'flat', include_deleted: false },
      },
      schemas: {},
      streams: {
        conversations: {
          synced_ranges: [['2024-11-23T12:00:00.000Z', '2026-11-23T11:59:00.000Z']],
          cutoff: '2026-11-23T11:59:00.000Z',
          dedup_since: '2026-11-23T10:59:00.000Z',
          klasses: {
            checked_at: '2026-11-20T12:00:00.000Z',
            from: '1970-01-01T00:00:00.000Z',
            done_up_to: 'order',
            skipped: ['a'],
          },
          dedup_keys: ['- 5f00000000000000000000ab', '2026-11-23T11:30:00.123Z 5f00000000000000000000aa'],
        },
        users: {
          gone: { '5f00000000000000000000ae': '2026-11-21T08:00:00.000Z' },
          seen: { '5f00000000000000000000ac': '2026-01-01T00:00:00.000Z' },
        },
      },
    });
  });

  test('may hold members that this version does not know', () => {
    expect(parseState(damaged('note', 'x'), 'x')).toEqual(SAMPLE);
  });
});

/** What a list or a search may show, whatever the source calls an id or a time. */
const record = fc
  .record({ id, updatedAt: fc.oneof(at.map(iso), fc.string(), fc.constant(null), fc.nat()), type: fc.constant('user') })
  .map(({ updatedAt, ...rest }) => ({ ...rest, attributes: { updatedAt }, json: Buffer.from(JSON.stringify(rest)) }));
const shown = fc.array(record, { maxLength: 8 });

test('every state that a run can make is read back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(shown, shown, at, fc.oneof(id, fc.constant(null)), async (first, second, now, organizationId) => {
      const read = async (found: typeof first, before?: ListState) => {
        const records = new Map(found.map(each => [each.id, each]));
        const pass = { records, isOneResponse: true, isCounted: true, isUnrestricted: true, isCut: false };
        const options = { pages: { pass: async () => pass }, type: 'user', sink: { write: async () => {} } };
        const wanted = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
        return readList({ ...options, before, wanted, now, signal: new AbortController().signal });
      };
      const list = (await read(second, (await read(first)).state)).state;
      const keys = withImputedDates(first.map(dated), 0).map(each => dedupKey(each, {}));
      const work = { toRead: [], synced: [], dedupKeys: new Set<string>(), dedupSince: -8.64e15 };
      const search = nextSearchState(undefined, work, [], new Set(keys), now);
      const revision = { changedIn: 0, epoch: 0, recordFormat: 'flat', includeDeleted: true } as const;
      const made: State = {
        ...NO_STATE,
        organizationId,
        revisions: new Map(['users', 'notes'].map(name => [name, revision])),
        search: new Map([['notes', search]]),
        lists: new Map([['users', list]]),
      };
      const { state: next } = nextState({ state: made, changed: ['users', 'notes'], startsOver: false }, 0, null);
      expect(parseState(serializeState(next), 'x')).toEqual(next);
    }),
    { numRuns: process.env.FEWER_CASES === undefined ? cases(1_500) : 50 },
  );
});

test('a state that could not be read back is not saved', () => {
  const cannotGrow = { state: SAMPLE, changed: ['users'], startsOver: false };
  expect(() => nextState(cannotGrow, MAX_GENERATION, null)).toThrow(/nothing is published with it/);
  expect(nextState({ ...cannotGrow, startsOver: true }, MAX_GENERATION, null).state.generation).toBe(1);
  const endless = { ...SAMPLE, consecutiveRuns: Number.POSITIVE_INFINITY };
  expect(() => nextState({ ...cannotGrow, state: endless }, 1, null)).toThrow(SyncError);
});

test('a check of klasses is done when it has come to the last of them', () => {
  const check = { checkedAt: 1, from: 0, skipped: [] };
  expect(isCheckDone({})).toBe(false);
  expect(isCheckDone({ klasses: { ...check, doneUpTo: 'order' } })).toBe(false);
  expect(isCheckDone({ klasses: check })).toBe(true);
});

test('the key of a record without a date has its id, which may have spaces', () => {
  expect(undatedId('- 0123456789abcdef an id')).toBe('an id');
  expect(undatedId('1700000000000 an id')).toBeNull();
});

test('where nothing is wanted nothing is read, and what is synced stays so, up to the cutoff', () => {
  const before = { syncedRanges: [{ from: 0, to: 90 }], cutoff: 80, dedupSince: 70, dedupKeys: new Set<string>() };
  expect(searchWork(before, [], 5, 60)).toMatchObject({ toRead: [], synced: [{ from: 0, to: 60 }], dedupSince: 55 });
});

describe('a state that is damaged is refused, never taken for none', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['not JSON', 'state'],
    ['null', 'null'],
    ['an array', '[]'],
    ['a text', '"x"'],
    ['an empty object', '{}'],
    ['no version', damaged('version', undefined)],
    ['a version as text', damaged('version', '1')],
    ['version 0', damaged('version', 0)],
    ['half a version', damaged('version', 0.5)],
    ['no generation', damaged('generation', undefined)],
    ['generation 0', damaged('generation', 0)],
    ['a generation as text', damaged('generation', '7')],
    ['a generation with a fraction', damaged('generation', 7.5)],
    ['a generation beyond counting', damaged('generation', 1e300)],
    ['a generation that no sync reaches', damaged('generation', MAX_GENERATION + 1)],
    ['no identity', damaged('identity', undefined)],
    ['an empty identity', damaged('identity', '')],
    ['an identity that is a number', damaged('identity', 5)],
    ['a check of klasses at no time', damaged(`${STREAM}.klasses.checked_at`, 'yesterday')],
    ['a check of klasses from no time on', damaged(`${STREAM}.klasses.from`, null)],
    ['a check of klasses up to a number', damaged(`${STREAM}.klasses.done_up_to`, 5)],
    ['skipped klasses that are none', damaged(`${STREAM}.klasses.skipped`, [5])],
    ['a check of klasses that is a text', damaged(`${STREAM}.klasses`, 'x')],
    ['a generation that cannot grow', damaged('generation', Number.MAX_SAFE_INTEGER)],
    ['no revisions', damaged('revisions', undefined)],
    ['revisions in an array', damaged('revisions', [])],
    ['a stream without a revision', damaged('revisions.users', undefined)],
    ['a revision that is null', damaged('revisions.users', null)],
    ['a change in no generation', damaged('revisions.users.changed_in', '3')],
    ['an epoch below nothing', damaged('revisions.users.epoch', -1)],
    ['another record format', damaged('revisions.users.record_format', 'xml')],
    ['deleted records included by a word', damaged('revisions.users.include_deleted', 'yes')],
    [
      'fields kept back in a way that nobody knows',
      damaged('revisions.users.kept_back', { paths: { a: 'lost' }, unmet: [] }),
    ],
    ['no streams', damaged('streams', undefined)],
    ['streams in an array', damaged('streams', [])],
    ['a stream that is null', damaged('streams.users', null)],
    ['a stream without members', damaged('streams.users', {})],
    ['a list in an array', damaged('streams.users', { seen: ['a'] })],
    ['a list with a number', damaged('streams.users', { seen: { a: 1 } })],
    ['a list that is narrow by a word', damaged('streams.users', { seen: {}, narrow: 'yes' })],
    ['no intervals', damaged(`${STREAM}.synced_ranges`, undefined)],
    ['an interval with one end', damaged(`${STREAM}.synced_ranges.0`, ['2024-11-23T12:00:00.000Z'])],
    ['an interval with three ends', damaged(`${STREAM}.synced_ranges.0.2`, '2026-01-01T00:00:00.000Z')],
    [
      'an interval the wrong way round',
      damaged(`${STREAM}.synced_ranges.0`, ['2026-11-23T11:59:00.000Z', '2024-11-23T12:00:00.000Z']),
    ],
    ['an interval with numbers', damaged(`${STREAM}.synced_ranges.0`, [1, 2])],
    ['an interval that is null', damaged(`${STREAM}.synced_ranges.0`, null)],
    ['a day for an instant', damaged(`${STREAM}.synced_ranges.0.0`, '2024-11-23')],
    ['an instant in another zone', damaged(`${STREAM}.cutoff`, '2026-11-23T12:59:00.000+01:00')],
    ['no cutoff', damaged(`${STREAM}.cutoff`, undefined)],
    ['no start of memory', damaged(`${STREAM}.dedup_since`, undefined)],
    ['a dedup key without an id', damaged(`${STREAM}.dedup_keys.1`, '2026-11-23T11:30:00.123Z ')],
    ['a dedup key without a time', damaged(`${STREAM}.dedup_keys.1`, '5f00000000000000000000aa')],
    ['a dedup key with another time', damaged(`${STREAM}.dedup_keys.1`, 'now 5f00000000000000000000aa')],
    ['a dedup key that is a number', damaged(`${STREAM}.dedup_keys.1`, 1)],
    ['dedup keys in an object', damaged(`${STREAM}.dedup_keys`, {})],
    ['a list read until a day', damaged('streams.users.read_until', '2026-11-23')],
    ['a list read until nothing', damaged('streams.users.read_until', null)],
    ['gone ones in an array', damaged('streams.users.gone', ['5f00000000000000000000ad'])],
    ['gone ones that are null', damaged('streams.users.gone', null)],
    ['one that has gone at no time', damaged('streams.users.gone', { '5f00000000000000000000ad': true })],
    ['a number of consecutive runs as text', damaged('consecutive_runs', '1')],
    ['a number of consecutive runs below nothing', damaged('consecutive_runs', -1)],
    ['a shard manifest that is null', damaged('shard_manifest', null)],
    ['a shard manifest without files', damaged('shard_manifest', { requests: {} })],
    ['a shard manifest without requests', damaged('shard_manifest', { files: [] })],
    ['a shard manifest of texts', damaged('shard_manifest', { files: ['notes'], requests: {} })],
    ['a shard manifest with files of no stream', damaged('shard_manifest', { files: [{ records: 1 }], requests: {} })],
    [
      'a shard manifest with files of no number',
      damaged('shard_manifest', { files: [{ stream: 'a', records: '1' }], requests: {} }),
    ],
    [
      'a shard manifest with a file that is unreadable among others',
      damaged('shard_manifest', { files: [{ stream: 'a', records: 1 }, null], requests: {} }),
    ],
    [
      'a shard manifest with requests of no number',
      damaged('shard_manifest', { files: [], requests: { a: 1, b: '1' } }),
    ],
  ])('%s', (_what, text) => {
    const refusal = refusalOf(text);
    expect(refusal.kind).toBe('state');
    expect(refusal.endsTheRun).toBe(true);
    expect(refusal.message).toMatch(/^The saved state \(the place\) is damaged: .*\. .*reset-state/s);
  });

  test('cut off anywhere', () => {
    const text = serializeState(SAMPLE).trimEnd();
    for (let length = 0; length < text.length; length++) expect(refusalOf(text.slice(0, length)).kind).toBe('state');
  });

  test('and what it says of others is not shown', () => {
    expect(refusalOf('{"secret": s3cr3t-content').message).not.toContain('s3cr3t');
  });
});

describe('a state from a newer version', () => {
  test.each([1, 2, 0.5, 1e6].map(n => STATE_VERSION + n))('%d is refused as such', version => {
    const refusal = refusalOf(damaged('version', version));
    expect(refusal.kind).toBe('state');
    expect(refusal.what).toContain('newer version');
    expect(refusal.what).not.toContain('damaged');
    expect(refusal.message).toContain('Use that newer version again');
    expect(refusal.what).toContain('kustomer-sync/0.1.0');
  });

  test('also where nothing else in it is as it was', () => {
    expect(refusalOf(`{"version":${STATE_VERSION + 1},"everything":"else"}`).what).toContain('newer version');
  });
});

describe('a state of an older version', () => {
  const document = () => JSON.parse(serializeState(SAMPLE));

  test('is upgraded a version at a time', () => {
    const migrations = {
      1: ({ organization, ...rest }: Record<string, unknown>) => ({ ...rest, identity: organization }),
      2: ({ note: _, ...rest }: Record<string, unknown>) => rest,
    };
    const { identity, ...rest } = document();
    const oldest = JSON.stringify({ ...rest, version: 1, organization: identity, note: 'x' });
    expect(parseState(oldest, 'the place', migrations, 3)).toEqual(SAMPLE);
    const older = JSON.stringify({ ...document(), version: 2, note: 'x' });
    expect(parseState(older, 'the place', migrations, 3)).toEqual(SAMPLE);
  });

  test('that nothing upgrades is damaged', () => {
    const text = JSON.stringify({ ...document(), version: 2 });
    expect(() => parseState(text, 'the place', { 1: each => each }, 3)).toThrow(
      /is damaged: there is no state version 2/,
    );
  });
});

test('of more versions without a date than are remembered, the state can still be saved', () => {
  const work = { toRead: [{ from: 0, to: 10 }], synced: [], dedupKeys: new Set<string>(), dedupSince: 5 };
  const after = nextSearchState(
    undefined,
    work,
    work.toRead,
    new Set([...'abc'].map(id => `- 0123456789abcdef ${id}`).concat('6 d')),
    10,
    2,
  );
  const revisions = new Map([['notes', SAMPLE.revisions.get('users') as StreamRevision]]);
  const saved = serializeState({ ...NO_STATE, generation: 1, revisions, search: new Map([['notes', after]]) });
  expect(parseState(saved, 'test').search.get('notes')?.dedupSince).toBe(10);
});

test.each([
  ['an unbroken range', [[0, 1_000]], 1_000],
  [
    'the first of two ranges',
    [
      [0, 1_000],
      [5_000, 6_000],
    ],
    1_000,
  ],
  ['a range that begins later', [[5_000, 6_000]], null],
  ['no range', [], null],
])('a stream is published up to the end of what covers its beginning: %s', (_what, ranges, upTo) => {
  const syncedRanges = ranges.map(([from = 0, to = 0]) => ({ from, to }));
  const search = new Map([['notes', { syncedRanges, cutoff: 0, dedupSince: 0, dedupKeys: new Set<string>() }]]);
  expect(publishedUpTo({ search } as never, 'notes', 500)).toBe(upTo);
});
