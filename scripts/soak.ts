// What only real time shows, for both destinations side by side. Onto a data branch, a run under Kustomer's real limit publishes
// after 15 minutes what it has read, so that a machine that vanishes costs at most that. An artifact is published at the end
// alone, so such a machine costs the run, and the next one reads all of it. A post step that GitHub does not answer gives up
// after three minutes. Takes 20 minutes, most of them waiting.
//
//   npm run soak
//
// With a number of runs: so many in fast succession over one changing world, both destinations, with troubles of all kinds
// (test/action/soaking.ts). What is published is compared with the truth on the way and at the end.
//
//   npm run soak -- --runs 1000               from a seed of the day
//   npm run soak -- --runs 1000 --seed 7
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cloned, faults, HOUR, uploaded } from '../test/action/publishing.ts';
import { soak } from '../test/action/soaking.ts';
import { openStage, type Stage } from '../test/world/stage.ts';

const MINUTE = 60_000;
/** Of a run that publishes at 15 minutes and is killed here. */
const KILLED_AFTER_MS = 18 * MINUTE;
/** What was read in the last minutes before it, and is read again: less than the 15 minutes it may cost. */
const COSTS_AT_MOST = 4 / 18;

type Destination = 'artifact' | 'branch';
const wrong: string[] = [];

function check(what: string, is: unknown, isRight: boolean): void {
  console.log(`${isRight ? 'right' : 'WRONG'}  ${what}: ${is}`);
  if (!isRight) wrong.push(what);
}

const published = (stage: Stage, destination: Destination) =>
  destination === 'branch' ? cloned(stage) : uploaded(stage);

async function vanish(destination: Destination): Promise<void> {
  // Small pages: the time is real, and there is little to do in it.
  await using stage = await openStage({ world: { pageSizeMax: 30 }, server: { latencyMs: 500 } });
  stage.world.populate({ messages: 90_000 }, { from: Date.now() - 500 * 24 * HOUR, to: Date.now() - 3 * HOUR });
  const inputs = { destination, streams: 'messages' };
  const first = await stage.sync({
    with: { ...inputs, 'search-requests-per-minute': '100', 'requests-per-minute': 'auto' },
    kill: sleep(KILLED_AFTER_MS),
    machineVanishes: true,
  });
  check(`${destination}: the machine vanished`, first.signal, first.signal === 'SIGKILL');
  const times = stage.kustomer.requests.map(({ at }) => at).sort((a, b) => a - b);
  const busiest = Math.max(...times.map((from, n) => times.slice(n).filter(at => at - from < MINUTE).length));
  check(`${destination}: searches in the busiest minute, of 100`, busiest, busiest <= 100);
  const searched = stage.kustomer.requests.reduce((sum, { records }) => sum + records, 0);
  const kept = (await published(stage, destination)).get('messages')?.length ?? 0;
  const isRight = destination === 'branch' ? 1 - kept / searched < COSTS_AT_MOST : kept === 0;
  check(`${destination}: of ${searched} records searched were published`, kept, isRight);
  const second = await stage.sync({ with: inputs });
  check(`${destination}: the next run`, second.jobConclusion, second.jobConclusion === 'success');
  const { missing, twice } = faults(stage, await published(stage, destination));
  check(`${destination}: missing`, missing.length, missing.length === 0);
  check(`${destination}: twice`, twice.length, twice.length === 0);
}

async function giveUp(destination: Destination): Promise<void> {
  await using stage = await openStage();
  stage.world.populate({ messages: 400 }, { from: Date.now() - 24 * HOUR, to: Date.now() - 3 * HOUR });
  const inputs = { destination, streams: 'messages' };
  const operation = destination === 'artifact' ? 'CreateArtifact' : 'git.createBlob';
  stage.github.traffic.fault(operation, { kind: 'hang' }, { times: Number.POSITIVE_INFINITY });
  const asked = new Promise<void>(done => {
    stage.github.traffic.onRequest(exchange => {
      if (exchange.operation === operation) done();
    });
  });
  const result = await stage.sync({ with: inputs, cancelAfter: asked });
  const ms = result.post?.ms ?? Number.NaN;
  const isInTime = ms > 2.9 * MINUTE && ms < 3.2 * MINUTE;
  check(`${destination}: seconds until the post step gave up`, Math.round(ms / 1_000), isInTime);
  const says = result.post?.log.includes('within three minutes') === true;
  check(`${destination}: it says so, and fails`, result.post?.exitCode, says && result.post?.exitCode === 1);
  stage.github.traffic.clearFaults();
  const next = await stage.sync({ with: inputs });
  check(`${destination}: the next run`, next.jobConclusion, next.jobConclusion === 'success');
  const { missing, twice } = faults(stage, await published(stage, destination));
  check(`${destination}: missing or twice`, missing.length + twice.length, missing.length + twice.length === 0);
}

async function soakFast(runs: number, seed: number): Promise<void> {
  console.log(`Seed ${seed}`);
  const { problems, troubles, quiet, history, ...all } = await soak({ seed, runs, checkEvery: 20, say: console.log });
  const met = Object.entries(troubles).map(([name, times]) => `${name} ${times}`);
  console.log(`${all.runs} runs; of those between checkpoints: ${met.sort().join(', ')}`);
  for (const where of ['artifact', 'branch'] as const) {
    const shown = quiet
      .filter(each => each.where === where)
      .map(({ peakMB, handles, left }) => {
        return `${peakMB.toFixed(0)} MB, ${handles} handles, ${left} files left`;
      });
    console.log(`${where}, a run without news: at first ${shown[0]}; at last ${shown.at(-1)}`);
  }
  const { commits, objects, packedBytes } = history;
  console.log(`The branch: ${commits} commits, ${objects} objects, ${(packedBytes / 1e6).toFixed(2)} MB packed`);
  wrong.push(...problems);
}

const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } });
if (values.runs !== undefined) {
  await soakFast(Number(values.runs), Number(values.seed ?? Math.floor(Date.now() / 86_400_000)));
} else {
  await Promise.all((['artifact', 'branch'] as const).flatMap(each => [vanish(each), giveUp(each)]));
}
console.log(wrong.length === 0 ? 'All right.' : `Wrong: ${wrong.join('; ')}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
