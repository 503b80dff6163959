// Compare and swap: which state holds when two runs save. Nothing is lost, and nothing is published twice.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextState, type StateChange, startOver, withoutReplaced } from '../../src/sync/next-state.ts';
import { NO_STATE, type State, type StreamRevision } from '../../src/sync/state.ts';
import { parseState, serializeState } from '../../src/sync/state-document.ts';

const revision = (changedIn: number, epoch = 0): StreamRevision => ({
  changedIn,
  epoch,
  recordFormat: 'flat',
  includeDeleted: true,
});

/** A state in which every stream has been read up to a time of its own. */
function stateOf(generation: number, streams: Readonly<Record<string, [to: number, changedIn: number]>>): State {
  const search = Object.entries(streams).map(([stream, [to]]) => {
    const syncedRanges = [{ from: 0, to }];
    return [stream, { syncedRanges, cutoff: to, dedupSince: to, dedupKeys: new Set<string>() }] as const;
  });
  const revisions = Object.entries(streams).map(([stream, [, changedIn]]) => [stream, revision(changedIn)] as const);
  return { ...NO_STATE, generation, organizationId: 'org', search: new Map(search), revisions: new Map(revisions) };
}

const readTo = ({ search }: State, stream: string) => search.get(stream)?.syncedRanges[0]?.to;
const change = (state: State, changed: readonly string[], startsOver = false): StateChange => ({
  state,
  changed,
  startsOver,
});

describe('the next state', () => {
  test('is ours with the next generation where nobody else has saved', () => {
    const ours = stateOf(5, { notes: [9, 0], messages: [4, 3] });
    const { state, lost } = nextState(change(ours, ['notes']), 5, null);
    expect(lost).toEqual([]);
    expect(state.generation).toBe(6);
    expect([...state.revisions].map(([stream, { changedIn }]) => [stream, changedIn])).toEqual([
      ['messages', 3],
      ['notes', 6],
    ]);
    expect([readTo(state, 'notes'), readTo(state, 'messages')]).toEqual([9, 4]);
  });

  test('has every stream of the run that alone has changed it, and theirs where both have', () => {
    const ours = stateOf(5, { notes: [9, 0], messages: [9, 0], tags: [1, 1] });
    const theirs = stateOf(7, { notes: [8, 7], messages: [2, 2], tags: [6, 6], teams: [3, 3] });
    const { state, lost } = nextState(change(ours, ['notes', 'messages']), 5, theirs);
    expect(lost).toEqual(['notes']);
    expect(state.generation).toBe(8);
    const streams = ['notes', 'messages', 'tags', 'teams'];
    expect(streams.map(stream => readTo(state, stream))).toEqual([8, 9, 6, 3]);
    expect(streams.map(stream => state.revisions.get(stream)?.changedIn)).toEqual([7, 8, 6, 3]);
  });

  test('takes a stream with all its klasses from one side', () => {
    const ours = stateOf(5, { kobjects: [9, 0], 'kobjects/order': [9, 0] });
    const theirs = stateOf(6, { kobjects: [8, 6], 'kobjects/other': [8, 6] });
    const lost = nextState(change(ours, ['kobjects']), 5, theirs);
    expect([...lost.state.search.keys()]).toEqual(['kobjects', 'kobjects/other']);
    const taken = nextState(change(ours, ['kobjects']), 6, theirs);
    expect([...taken.state.search.keys()]).toEqual(['kobjects', 'kobjects/order']);
  });

  test('of two runs in either order: each stream is that of one of them, and is lost by at most one', () => {
    const streams = ['notes', 'messages', 'tags'];
    const subset = fc.subarray(streams);
    fc.assert(
      fc.property(subset, subset, fc.integer({ min: 0, max: 9 }), (mine, yours, generation) => {
        const base = stateOf(generation, Object.fromEntries(streams.map(stream => [stream, [1, generation]])));
        const changed = (names: readonly string[], to: number) =>
          stateOf(generation, Object.fromEntries(streams.map(name => [name, [names.includes(name) ? to : 1, 0]])));
        const first = nextState(change(changed(mine, 2), mine), base.generation, null);
        const saved = parseState(serializeState(first.state), 'test');
        const second = nextState(change(changed(yours, 3), yours), base.generation, saved);
        expect(second.lost).toEqual(yours.filter(stream => mine.includes(stream)));
        for (const stream of streams) {
          const to = mine.includes(stream) ? 2 : yours.includes(stream) ? 3 : 1;
          expect(readTo(second.state, stream)).toBe(to);
        }
        expect(second.state.generation).toBe(generation + 2);
      }),
    );
  });

  test('of a run that starts over is ours alone, and counts as a change of every stream', () => {
    const before = stateOf(5, { notes: [9, 4], messages: [9, 5] });
    const ours = { ...stateOf(5, { notes: [3, 0] }), revisions: startOver(before).revisions };
    const theirs = stateOf(6, { notes: [9, 4], messages: [12, 6] });
    const reset = nextState(change(ours, ['notes'], true), 5, theirs);
    expect([reset.lost, reset.state.generation, readTo(reset.state, 'messages')]).toEqual([[], 7, undefined]);
    // A run that has begun before the reset brings nothing back.
    const late = nextState(change(stateOf(5, { messages: [13, 0] }), ['messages']), 5, reset.state);
    expect([late.lost, readTo(late.state, 'messages')]).toEqual([['messages'], undefined]);
  });

  test('is refused where another organization has been saved meanwhile', () => {
    const theirs = { ...stateOf(6, {}), organizationId: 'other' };
    expect(() => nextState(change(stateOf(5, { notes: [9, 0] }), ['notes']), 5, theirs)).toThrow(
      expect.objectContaining({ code: 'other-organization' }),
    );
    const unknown = { ...stateOf(5, { notes: [9, 0] }), organizationId: null };
    expect(nextState(change(unknown, ['notes']), 5, theirs).state.organizationId).toBe('other');
  });
});

test('starting over keeps the generation and the epochs, and nothing else', () => {
  const before = { ...stateOf(5, { notes: [9, 4] }), revisions: new Map([['notes', revision(4, 2)]]) };
  const state = startOver(before);
  expect([state.generation, state.organizationId, state.search.size]).toEqual([5, null, 0]);
  expect(state.revisions.get('notes')).toEqual(revision(0, 2));
});

describe('what a full refresh has replaced', () => {
  const own = {
    ...stateOf(3, { notes: [9, 3], kobjects: [9, 3], 'kobjects/order': [9, 3] }),
    shardManifest: { files: [{ stream: 'notes' }, { stream: 'kobjects' }], requests: { notes: 1 } },
  };

  test('is no longer in the state of a backfill or a shard, nor are its files', () => {
    const { state, replaced } = withoutReplaced(own, new Map([['kobjects', revision(9, 1)]]));
    expect(replaced).toEqual(['kobjects']);
    expect([...state.search.keys()]).toEqual(['notes']);
    expect([...state.revisions.keys()]).toEqual(['notes']);
    expect(state.shardManifest?.files).toEqual([{ stream: 'notes' }]);
  });

  test('is nothing where the sync is of the same epoch', () => {
    const { state, replaced } = withoutReplaced(own, new Map([['kobjects', revision(9)]]));
    expect([replaced, state]).toEqual([[], own]);
  });
});
