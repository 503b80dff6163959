// What a state says that has its form and still need not be true: times that have not come, words of its writer, and how far
// a stream is published.
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/errors.ts';
import {
  isStreamName,
  listVersionTime,
  MAX_CLOCK_LEAD_MS,
  MAX_GENERATION,
  NO_STATE,
  nextSearchState,
  publishedUpTo,
  type Reconciliation,
  type SearchState,
  type State,
  searchWork,
} from '../../src/sync/state.ts';
import { parseState, requirePast, STATE_VERSION, serializeState } from '../../src/sync/state-document.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const MAX_LAG_MS = 15 * 60_000;
const SEARCH: SearchState = { syncedRanges: [], cutoff: 0, dedupSince: 0, dedupKeys: new Set() };
const RECONCILIATION: Reconciliation = { cutoff: 0, asOf: 0, open: [], ids: {} };
const REVISION = { changedIn: 1, epoch: 0, recordFormat: 'flat', includeDeleted: true } as const;

const searched = (of: Partial<SearchState>): State => ({
  ...NO_STATE,
  search: new Map([
    ['messages', { ...SEARCH, ...of }],
    ['notes', SEARCH],
  ]),
});
const reconciled = (of: Partial<Reconciliation>): State => ({
  ...NO_STATE,
  reconciliation: { ...RECONCILIATION, ...of },
});

describe('a state that was read up to a time that has not come', () => {
  const klasses = { checkedAt: 0, skipped: [] };
  const RANGES = [
    { from: 0, to: 1 },
    { from: 2, to: 3 },
  ];
  test.each<[string, (at: number) => State, number]>([
    ['the last range', to => searched({ syncedRanges: [...RANGES, { from: 6, to }] }), 0],
    ['a cutoff', cutoff => searched({ cutoff }), 0],
    ['the start of the dedup keys', dedupSince => searched({ dedupSince }), 0],
    ['the start of a check of klasses', from => searched({ klasses: { ...klasses, from } }), 0],
    ['the end of an audit log', upTo => searched({ deletions: { upTo, since: 0, seen: new Map() } }), 0],
    ['the start of an audit log', since => searched({ deletions: { upTo: 0, since, seen: new Map() } }), 0],
    ['the window of a list', until => ({ ...NO_STATE, lists: new Map([['notes', { seen: new Map(), until }]]) }), 0],
    ['the cutoff of a reconciliation', cutoff => reconciled({ cutoff }), MAX_CLOCK_LEAD_MS],
    ['the time of a reconciliation', asOf => reconciled({ asOf }), MAX_CLOCK_LEAD_MS],
  ])('%s: is refused', (_what, stateAt, lead) => {
    const last = NOW + MAX_LAG_MS + lead;
    requirePast(stateAt(last), 'the place', NOW);
    const refused = () => requirePast(stateAt(last + 1), 'the place', NOW);
    expect(refused).toThrow(SyncError);
    expect(refused).toThrow(`(the place) says what was read up to ${new Date(last + 1).toISOString()}, and the clock`);
    expect(refused).toThrow('`reset-state: true`');
  });

  test('says nothing of a state without times', () => {
    requirePast(NO_STATE, 'the place', NOW);
    requirePast({ ...NO_STATE, lists: new Map([['tags', { seen: new Map() }]]) }, 'the place', NOW);
  });
});

describe('what a state says of its writer', () => {
  const document = (changed: object) => {
    const saved = JSON.parse(serializeState({ ...NO_STATE, generation: 1 }));
    return JSON.stringify({ ...saved, ...changed });
  };
  const LABELS = { run: { id: '17', attempt: '12' }, publish_id: 'a-1', written_by: 'kustomer-sync/0.1.0' };

  test('is kept', () => {
    expect(parseState(document(LABELS), 'x')).toMatchObject({
      run: { id: '17', attempt: '12' },
      publishId: 'a-1',
      writtenBy: 'kustomer-sync/0.1.0',
    });
  });

  test.each([
    ['the run', { run: { id: 'x17', attempt: '1' } }, { run: { id: '', attempt: '1' } }],
    ['the run, at its end', { run: { id: '17\n', attempt: '1' } }, { run: { id: '', attempt: '1' } }],
    ['the run, as a number', { run: { id: 17, attempt: '1' } }, { run: { id: '', attempt: '1' } }],
    ['the run, as a text', { run: '17' }, { run: { id: '', attempt: '' } }],
    ['the attempt', { run: { id: '17', attempt: '-1' } }, { run: { id: '17', attempt: '' } }],
    ['the attempt, at its end', { run: { id: '17', attempt: '1 ' } }, { run: { id: '17', attempt: '' } }],
    ['the request', { publish_id: '::a' }, { publishId: '' }],
    ['the request, at its end', { publish_id: 'a::' }, { publishId: '' }],
    ['the writer', { written_by: '<b>x' }, { writtenBy: '' }],
    ['the writer, at its end', { written_by: 'x<b>' }, { writtenBy: '' }],
    ['the time', { saved_at: 'yesterday' }, { savedAt: '' }],
  ])('is as if absent where it cannot be that: %s', (_what, changed, labels) => {
    expect(parseState(document({ ...LABELS, ...changed }), 'x')).toMatchObject(labels);
  });

  test.each<[unknown, string]>([
    ['kustomer-sync/9', 'kustomer-sync/9'],
    ['<b>', 'unknown'],
    ['a<b>', 'unknown'],
    [9, 'unknown'],
    [undefined, 'unknown'],
  ])('is in the error that the state is too new: %j', (writer, named) => {
    const text = document({ version: STATE_VERSION + 1, written_by: writer });
    expect(() => parseState(text, 'x')).toThrow(`(${named}; state version`);
  });

  test.each([
    ['its number of consecutive runs is unreadable', { consecutive_runs: '1' }],
    ['its list of files is unreadable', { shard_manifest: [] }],
    ['the revisions of its streams are unreadable', { revisions: [] }],
    ['the schemas of its streams are unreadable', { schemas: { tags: 5 } }],
    ['what it says of a reconciliation is unreadable', { reconciliation: 5 }],
  ])('and what is wrong with it: %s', (why, changed) => {
    expect(() => parseState(document(changed), 'x')).toThrow(`(x) is damaged: ${why}.`);
  });

  test('the last generation of all can be read', () => {
    expect(parseState(document({ generation: MAX_GENERATION }), 'x').generation).toBe(MAX_GENERATION);
  });

  test('a count of published lines is there only where somebody has counted', () => {
    const saved = (published?: number) =>
      serializeState({ ...NO_STATE, revisions: new Map([['tags', { ...REVISION, published }]]) });
    expect(JSON.parse(saved(7)).revisions.tags.published).toBe(7);
    expect(JSON.parse(saved()).revisions.tags).not.toHaveProperty('published');
  });
});

describe('up to where a stream is published', () => {
  const of = (ranges: Readonly<Record<string, [number, number][]>>) => ({
    search: new Map(
      Object.entries(ranges).map(([key, pairs]) => {
        return [key, { ...SEARCH, syncedRanges: pairs.map(([from, to]) => ({ from, to })) }] as const;
      }),
    ),
  });

  test.each<[string, Readonly<Record<string, [number, number][]>>, number | null]>([
    [
      'the end of the range that has the time',
      {
        kobjects: [
          [0, 9],
          [12, 20],
        ],
      },
      9,
    ],
    ['a range that begins at the time', { kobjects: [[5, 9]] }, 9],
    [
      'a range that ends at the time',
      {
        kobjects: [
          [0, 5],
          [5, 9],
        ],
      },
      9,
    ],
    [
      'nothing, in a gap',
      {
        kobjects: [
          [0, 5],
          [6, 9],
        ],
      },
      null,
    ],
    ['the earliest end of all klasses', { kobjects: [[0, 9]], 'kobjects/order': [[0, 7]] }, 7],
    ['nothing, where a klass has a gap', { kobjects: [[0, 9]], 'kobjects/order': [[6, 7]] }, null],
    ['nothing, where nothing was read', { tags: [[0, 9]] }, null],
  ])('%s', (_what, ranges, upTo) => {
    expect(publishedUpTo(of(ranges), 'kobjects', 5)).toBe(upTo);
  });
});

test('what was read of the audit log stays known when a stream is read on', () => {
  const deletions = { upTo: 5, since: 1, seen: new Map([['a', 2]]) };
  const before = { ...SEARCH, deletions };
  const next = (known: SearchState) => nextSearchState(known, searchWork(known, [], 0, 9), [], new Set(), 9);
  expect(next(before).deletions).toEqual(deletions);
  expect(next(SEARCH)).not.toHaveProperty('deletions');
});

test('the version of a record of a list has its time, or none', () => {
  expect(listVersionTime('2026-11-23T12:00:00.000Z abc1')).toBe(NOW);
  expect(listVersionTime('- abc1')).toBeNaN();
});

test.each([
  ['tags', true],
  ['a'.repeat(40), true],
  ['a'.repeat(41), false],
  ['1tags', false],
  ['../tags', false],
  ['tags\n', false],
  ['tags;', false],
  ['Tags', false],
])('%j can be the name of a stream: %j', (text, can) => {
  expect(isStreamName(text)).toBe(can);
});
