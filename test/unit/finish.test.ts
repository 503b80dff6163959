// What a long run goes on from when others have published beside it.
import { expect, test } from 'vitest';
import { goOnFrom, nothingPublished, othersBeside, type Publication } from '../../src/publish/publish.ts';
import { NO_STATE, type State } from '../../src/sync/state.ts';

const of = (generation: number, ...streams: string[]): State => ({
  ...NO_STATE,
  generation,
  search: new Map(
    streams.map(name => [
      name,
      { syncedRanges: [{ from: 0, to: 9 }], cutoff: 9, dedupSince: 0, dedupKeys: new Set('') },
    ]),
  ),
});
const publicationOf = (state: State) => ({ state, branch: null, cacheKey: null }) as unknown as Publication;

test.each([
  ['higher', 5],
  ['no higher than we do', 2],
])('what others know is in all that is published next, also where it counts %s', (_how, generation) => {
  const first = publicationOf(of(2, 'notes'));
  const done = { ...nothingPublished(), state: of(generation, 'notes', 'messages') };
  const { state } = goOnFrom(publicationOf(of(2, 'notes', 'customers')), done, othersBeside(first, done));
  expect(state?.generation).toBe(generation + 1);
  expect([...(state?.search.keys() ?? [])].sort()).toEqual(['customers', 'messages', 'notes']);
});

test('there is nobody beside us where what is published is ours', () => {
  const publication = publicationOf(of(2, 'notes'));
  expect(othersBeside(publication, { ...nothingPublished(), state: publication.state })).toBeNull();
  expect(othersBeside(publication, nothingPublished())).toBeNull();
});
