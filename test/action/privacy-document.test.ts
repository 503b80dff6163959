// docs/privacy.md says how to erase a person. Whoever follows it, with its workflows and commands as they stand, leaves
// nothing of that person anywhere, and keeps everything else.
import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { longTest } from '../forms.ts';
import { blocksOf, DOCUMENTS } from '../unit/documents.ts';
import { type Desk, openDesk } from '../world/desk/index.ts';
import type { Stream } from '../world/kustomer/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import type { WorkflowOptions, WorkflowRun } from '../world/workflow/index.ts';
import { wrongInViews, wrongOnBranch } from './compacting.ts';
import { playExample } from './playing.ts';
import { BRANCH, cloned, endStage, FLAWLESS, faults, HOUR, uploaded } from './publishing.ts';
import { everythingToRead, objects, placesOf } from './searching.ts';
import { DAY, expectGreen } from './support.ts';

const [, section = ''] = /^## To erase a person\n(.*)/ms.exec(DOCUMENTS.get('docs/privacy.md') ?? '') ?? [];
/** What it says of one place, which it names in bold. */
const about = (place: string) =>
  blocksOf('docs/privacy.md', section.split(`**${place}**`)[1]?.split(/^\*\*/m)[0] ?? '');

/** In each record of the person, in each of its versions. */
const MARK = 'ERASED-PERSON';
const STREAMS: readonly Stream[] = ['customers', 'conversations', 'messages', 'notes', 'kobjects'];

let stage: Stage;
let person: Map<Stream, string[]>;
afterEach(() => endStage(stage));

/** Records of a person among those of others, and what runs publish of them: first versions, and then later ones. */
async function publish(inputs: Record<string, string>): Promise<object[]> {
  const ids = new Set<string>();
  const plant = (_: Stream, json: string) => {
    const { id } = JSON.parse(json) as { id: string };
    const own = `"name":"${MARK}","emails":[{"email":"${MARK}@example.com"}],"custom":{"phoneStr":"${MARK}"}`;
    return ids.has(id) ? json.replace('"attributes":{', `"attributes":{${own},`) : json;
  };
  stage = await openStage({ world: { plant, exoticEvery: Number.POSITIVE_INFINITY } });
  const now = Date.now();
  const counts = { customers: 8, conversations: 12, messages: 30, notes: 6, kobjects: { order: 6 }, users: 3, tags: 3 };
  stage.world.populate(counts, { from: now - 900 * DAY, to: now - 5 * HOUR });
  const some = (stream: Stream) => [...stage.world.truth(stream).keys()].slice(1, stream === 'messages' ? 9 : 3);
  person = new Map(STREAMS.map(stream => [stream, some(stream)]));
  for (const id of [...person.values()].flat()) ids.add(id);
  const runs: object[] = [];
  for (const [n, compression] of ['none', 'gzip', 'none'].entries()) {
    if (n > 0) for (const [stream, own] of person) stage.world.update(stream, own, { at: now - (5 - n) * HOUR });
    const job = { workflow: 'nightly.yml' };
    const result = await stage.sync({ job, with: { ...inputs, compression, settle: '0s', lookback: '6h' } });
    expectGreen(result);
    expect(Number(result.outputs.records)).toBe(n === 0 ? 68 : 16);
    runs.push(result);
  }
  return runs;
}

/** @param desk where somebody sits with the document */
async function follow(desk: Desk, place: string, inputs: Record<string, string> = {}): Promise<WorkflowRun[]> {
  const runs: WorkflowRun[] = [];
  const play = async (file: string, edited: Partial<WorkflowOptions> = {}) => {
    const run = await playExample(stage, file, { event: 'workflow_dispatch', ...edited });
    expect(run.conclusion, JSON.stringify(run.jobs)).toBe('success');
    runs.push(run);
  };
  for (const { language, text } of about(place)) {
    if (language === 'yaml') {
      // Whatever the own workflow is: these are its steps for once.
      const edit = (own: string) => {
        const workflow = parse(own);
        const permissions = { actions: 'read', contents: inputs.destination === undefined ? 'read' : 'write' };
        return stringify({ ...workflow, jobs: { sync: { ...workflow.jobs.sync, permissions, ...parse(text) } } });
      };
      await play('nightly.yml', { edit, with: inputs });
      continue;
    }
    await desk.type(text, { env: { RUN_ID: String(runs.at(-1)?.id) } });
    for (const { workflow } of stage.github.repository.dispatches.splice(0)) await play(workflow);
  }
  return runs;
}

const placesOfPerson = async (runs: readonly object[]) =>
  placesOf(
    MARK,
    await everythingToRead(
      stage,
      runs.map(run => JSON.stringify(run)),
    ),
  );

test('on a data branch nothing of an erased person is left: in no commit, log or state, and not in a clone', async () => {
  const runs = await publish({ destination: 'branch' });
  const desk = await openDesk(stage);
  const { fullName, dir } = stage.github.repository;
  await desk.type(
    `git clone --quiet --branch ${BRANCH} https://github.com/${fullName} && cd ${fullName.split('/')[1]}`,
  );
  expect(await placesOfPerson(runs)).toEqual(['objects']);
  for (const [stream, ids] of person) {
    // Kustomer may only mark what it deletes, and show it all the same.
    if (stream === 'notes') stage.world.softDelete(stream, ids, { keepUpdatedAt: true });
    else stage.world.hardDelete(stream, ids);
  }
  runs.push(...(await follow(desk, 'On a data branch')));
  expect(await placesOfPerson(runs)).toEqual([]);
  const inClone = () => objects(desk.folder, '--batch-all-objects').filter(text => text.includes(MARK));
  expect(inClone()).toEqual([]);
  expect(await wrongOnBranch(stage)).toEqual([]);
  // Once GitHub has collected what no ref leads to, not even an id of an old commit helps.
  execFileSync('git', ['-C', dir, 'gc', '--quiet', '--prune=now']);
  expect(objects(dir, '--batch-all-objects').filter(text => text.includes(MARK))).toEqual([]);
  const next = await stage.sync({ with: { destination: 'branch', settle: '0s' } });
  expectGreen(next);
  expect(next.outputs.records).toBe('0');
  expect(await wrongInViews(stage)).toEqual([]);
  expect((await cloned(stage)).get('customers')).toHaveLength(6);
});

test('in artifacts nothing of an erased person is left, and those that are left have everything', async () => {
  const runs = await publish({});
  const desk = await openDesk(stage);
  expect(await placesOfPerson(runs)).toEqual(['artifacts']);
  for (const [stream, ids] of person) stage.world.hardDelete(stream, ids);
  runs.push(...(await follow(desk, 'In artifacts')));
  expect(stage.github.artifacts()).toHaveLength(1);
  expect(await placesOfPerson(runs)).toEqual([]);
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  // Also without the cache, nothing is published again.
  stage.github.evictCaches();
  const next = await stage.sync({ job: { workflow: 'nightly.yml' }, with: { settle: '0s' } });
  expect([next.exitCode, next.outputs.records], next.log).toEqual([0, '0']);
});

longTest('of an erased person nothing is left where both destinations are, one after the other', async () => {
  const both = { destination: 'artifact,branch' };
  const runs = await publish(both);
  const desk = await openDesk(stage);
  await desk.type(`git clone --quiet --branch ${BRANCH} https://github.com/${stage.github.repository.fullName} . `);
  expect(await placesOfPerson(runs)).toEqual(['artifacts', 'objects']);
  for (const [stream, ids] of person) stage.world.hardDelete(stream, ids);
  runs.push(...(await follow(desk, 'In artifacts', both)), ...(await follow(desk, 'On a data branch')));
  expect(await placesOfPerson(runs)).toEqual([]);
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  expect(await wrongOnBranch(stage)).toEqual([]);
});
