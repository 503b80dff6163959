// What Kustomer calls an id or an organization, and what others make of the state: whatever is saved can be read again.
import { describe, expect, test } from 'vitest';
import { MAX_GENERATION } from '../../src/sync/state.ts';
import { few, longDescribe, longTest } from '../forms.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { poison } from './saved-state.ts';
import {
  annotations,
  DAY,
  expectGreen,
  expectRed,
  expectSound,
  gather,
  HOUR,
  isRecent,
  populate,
  wrongs,
} from './support.ts';
import { expectError } from './troubles.ts';

const ODD_IDS = [
  'a\nb',
  ' leading',
  '\u2028',
  'trailing\r',
  '__proto__',
  '\ud800',
  '7',
  '- ',
  '2026-01-01 x',
  '"',
  '{}',
];

/** Answers the plain list of tags, and the live search for young customers, with these ids. */
function answerWith(stage: Stage, ids: readonly string[]): void {
  const updatedAt = new Date(Date.now() - 10 * 60_000).toISOString();
  const body = (type: string) => ({
    meta: { page: 1, total: ids.length },
    data: ids.map(id => ({ type, id, attributes: { updatedAt } })),
    links: { next: null },
  });
  const times = Number.POSITIVE_INFINITY;
  stage.kustomer.faults.add({
    kind: 'status',
    status: 200,
    body: body('tag'),
    times,
    match: ({ path, query }) => path === '/v1/tags' && query.deleted === undefined,
  });
  stage.kustomer.faults.add({
    kind: 'status',
    status: 200,
    body: body('customer'),
    times,
    match: request => request.context === 'customer' && isRecent(request),
  });
}

test.each(few(['artifact', 'branch']))(
  'ids of any text are published once, and the state can be read again (%s)',
  async destination => {
    await using stage = await openStage();
    answerWith(stage, ODD_IDS);
    const inputs = {
      streams: 'tags, customers',
      'start-date': new Date(Date.now() - 20 * DAY).toISOString(),
      destination,
    };
    const first = await stage.sync({ with: inputs });
    expectGreen(first);
    expect(first.outputs.records).toBe(String(2 * ODD_IDS.length));
    if (destination === 'artifact') {
      const found = await gather(stage, [first]);
      for (const stream of ['tags', 'customers'] as const) {
        expect(
          found
            .get(stream)
            ?.map(({ id }) => id.toWellFormed())
            .sort(),
        ).toEqual(ODD_IDS.map(id => id.toWellFormed()).sort());
      }
    }
    const second = await stage.sync({ with: inputs });
    expectSound(second);
    expect(second.annotations).toEqual([]);
    expect(second.outputs).toMatchObject({ complete: 'true', records: '0' });
  },
);

longTest(
  'an organization without an id is none: nothing is lost or doubled, and the state can be read again',
  async () => {
    await using stage = await openStage();
    populate(stage);
    stage.kustomer.faults.add({ kind: 'wrong-org', org: '', times: Number.POSITIVE_INFINITY });
    const first = await stage.sync();
    expectGreen(first);
    stage.world.create('notes', 2, { updatedAt: Date.now() - 120_000 });
    const second = await stage.sync();
    expectGreen(second);
    expect(second.outputs.records).toBe('2');
    expect(await wrongs(stage, [first, second])).toEqual([]);
  },
);

longDescribe('a generation that no sync has counted to', () => {
  const withGeneration = (generation: number) => (text: string) => JSON.stringify({ ...JSON.parse(text), generation });

  test.each(
    few([
      ['2^53 - 2', Number.MAX_SAFE_INTEGER - 1, /is damaged: its generation is not a number from 1/],
      ['the last that is accepted', MAX_GENERATION, /could not be read again once it was saved/],
    ]),
  )('is refused before anything is published, until the state is reset: %s', async (_what, generation, error) => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { streams: 'notes, tags' };
    expectGreen(await stage.sync({ with: inputs }));
    await poison(stage, withGeneration(generation));
    stage.world.create('notes', 2, { updatedAt: Date.now() - HOUR });
    const refused = await stage.sync({ with: inputs });
    expectRed(refused);
    if (/read again once/.test(error.source)) expectError(refused, 'state-unreadable');
    expect(annotations(refused, 'error')).toEqual([expect.stringMatching(error)]);
    expect(refused.outputs).toMatchObject({ 'artifact-id': '', 'state-saved': 'false' });
    const reset = await stage.sync({ with: { ...inputs, 'reset-state': 'true' } });
    // The cache may have an entry of the new generation already, and its library says so.
    expectSound(reset);
    expect(reset.outputs).toMatchObject({ complete: 'true', 'state-saved': 'true' });
    expect(await wrongs(stage, [reset], ['notes', 'tags'])).toEqual([]);
    const after = await stage.sync({ with: inputs });
    expectGreen(after);
    expect(after.outputs.records).toBe('0');
  });
});

describe('totals on a data branch that somebody has edited', () => {
  const NULLS = { notes: null, tags: { records: null, files: 1, bytes: 1, max_updated_at: null } };
  const ODD = { notes: 7, tags: { records: -1, files: 'x', bytes: 1e300, max_updated_at: {} }, users: [] };

  test.each(
    few([
      ['other things than totals', ODD],
      ['null', null],
      ['null totals of a stream', NULLS],
      ['a list', [1, null]],
      ['a text', 'totals'],
    ]),
  )('are as if absent: %s', async (_what, totals) => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { destination: 'branch', streams: 'notes, tags, users' };
    const first = await stage.sync({ with: inputs });
    expectGreen(first);
    const { repository } = stage.github;
    const files = await repository.files('kustomer-data');
    await repository.commit('kustomer-data', {
      'state.json': JSON.stringify({ ...JSON.parse(String(files.get('state.json'))), totals }),
      'README.md': String(files.get('README.md')).replace(/totals: .* -->/, `totals: ${JSON.stringify(totals)} -->`),
    });
    stage.world.create('notes', 2, { updatedAt: Date.now() - 120_000 });
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    expect(second.outputs.records).toBe('2');
    const readme = String((await repository.files('kustomer-data')).get('README.md'));
    expect(readme).not.toMatch(/\| (?:null|NaN|undefined|-1)|\[object/);
  });
});
