// Plays one case: runs of the committed action in a tiny world whose services answer as the case says, a clean run after
// it, and the judgment of both.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handle } from '../world/runner/index.ts';
import { ACTION, openStage, type Stage, type Sync } from '../world/stage.ts';
import type { Case, Strike } from './case.ts';
import { judgeClean, judgeHostile, judgePublished, type Problem } from './judge.ts';
import { openElsewhere, openStrikes, type Strikes } from './strikes.ts';

const PRELOAD = join(import.meta.dirname, '../../scripts/hurry.mjs');
const HOUR = 3_600_000;
/** How much faster the waits of a hostile run pass. */
const HURRY = 40;
/** README.md#what-it-promises. In real time, which for the waits of the action is forty times as much. */
const NO_PROGRESS_MS = 10_000;
const LONGEST_MS = 60_000;
const MAX_MB = 300;

/** What the action or the world is made to do wrong, so that the judge has something to find. */
export type Plant = 'loss' | 'doubling' | 'hang' | 'leak' | 'memory' | 'crash';

export interface Verdict {
  readonly problems: readonly Problem[];
  /** How many answers were spoiled. */
  readonly hits: number;
  readonly peakMB: number;
  /** Of the hostile run: its error messages. */
  readonly errors: readonly string[];
  readonly exitCode: number | null;
  readonly log: string;
}

export async function play(given: Case, plants: readonly Plant[] = []): Promise<Verdict> {
  const played = plants.includes('loss') ? { ...given, strikes: [...given.strikes, LOSS] } : given;
  const stage = await openStage({ world: { seed: played.seed, pageSizeMax: played.pageSize, exoticEvery: 7 } });
  const elsewhere = await openElsewhere();
  try {
    populate(stage);
    const peaks = join(stage.root, 'peak');
    const options = (hurry: number, planted: readonly Plant[] = []): Sync => ({
      action: ACTION,
      debug: played.debug,
      nodeArgs: ['--import', PRELOAD],
      env: { HURRY: String(hurry), PEAK_FILE: peaks, PLANT: planted.join() },
      with: inputsOf(played),
    });
    const problems: Problem[] = [];
    if (played.isSecond) {
      problems.push(...judgeClean(await stage.sync(options(1)), 'the run before'));
      change(stage);
    }
    const strikes = openStrikes(played, stage, elsewhere.origin);
    const watch = openWatch(strikes);
    Object.assign(stage.kustomer, { tamper: strikes.tamper });
    Object.assign(stage.github.traffic, { tamper: strikes.tamper });
    const hostile = await stage.sync({ ...options(HURRY, plants), kill: watch.overdue, killPost: watch.overdue });
    Object.assign(stage.kustomer, { tamper: undefined });
    Object.assign(stage.github.traffic, { tamper: undefined });
    problems.push(...watch.problems, ...judgeHostile(stage, hostile, elsewhere.asked));
    change(stage);
    if (plants.includes('doubling')) forget(stage);
    const clean = await stage.sync(options(1));
    problems.push(...judgeClean(clean, 'the clean run'), ...(await judgePublished(stage, played.destination)));
    const peakMB = await peakOf(stage.root);
    if (peakMB > MAX_MB) problems.push({ kind: 'memory', what: `${Math.round(peakMB)} MB` });
    for (const bug of [...strikes.bugs, ...stage.github.traffic.bugs])
      problems.push({ kind: 'fuzzer', what: String((bug as Error).stack ?? bug) });
    const errors = hostile.annotations.filter(({ level }) => level === 'error').map(({ message }) => message);
    const log = `${hostile.job.unmaskedLog}\n--- clean run\n${clean.job.unmaskedLog}`;
    return { problems, hits: strikes.hits(), peakMB, errors, exitCode: hostile.exitCode, log };
  } finally {
    elsewhere.server.closeAllConnections();
    elsewhere.server.close();
    await stage.close();
  }
}

/** Something of all streams, of which a search has more than one page in small ones. */
function populate(stage: Stage): void {
  const now = Date.now();
  stage.world.populate(
    {
      users: 4,
      teams: 2,
      tags: 5,
      shortcuts: 2,
      customers: 8,
      conversations: 9,
      messages: 7,
      notes: 3,
      kobjects: { order: 4 },
    },
    { from: now - 30 * 24 * HOUR, to: now - 3 * HOUR, tieFraction: 0.3, tieSize: 4 },
  );
}

function change(stage: Stage): void {
  const at = Date.now() - HOUR / 3;
  stage.world.update('conversations', 2, { at });
  stage.world.create('customers', 1, { updatedAt: at });
  stage.world.update('tags', 1, { at });
}

/** What was published stays, and nobody knows of it any more. */
function forget(stage: Stage): void {
  stage.github.evictCaches();
  const none = { total_count: 0, artifacts: [] };
  stage.github.traffic.fault(
    /^actions\./,
    { kind: 'status', status: 200, body: none },
    { times: Number.POSITIVE_INFINITY },
  );
}

const LOSS: Strike = {
  service: 'kustomer',
  route: 'live',
  skip: 0,
  times: 1_000,
  works: true,
  how: { kind: 'lost-record' },
};

function inputsOf({ destination, format, compression, pace }: Case): Record<string, string> {
  const limits = pace === 'auto' ? { 'requests-per-minute': 'auto' } : {};
  return { destination, 'record-format': format, compression, ...limits };
}

/** Ends a phase of a run that makes no progress although it was answered, or that comes to no end. */
function openWatch(strikes: Strikes) {
  const problems: Problem[] = [];
  const overdue = async ({ exited, phase, lines }: Handle) => {
    const since = performance.now();
    let [lastLine, seen] = [since, 0];
    const isOver = exited.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([isOver, sleep(200, false)]))) {
      const now = performance.now();
      if (lines.length > seen) [lastLine, seen] = [now, lines.length];
      const idle = strikes.holding() > 0 ? 0 : now - Math.max(since, lastLine, strikes.lastSign());
      if (idle < NO_PROGRESS_MS && now - since < LONGEST_MS) continue;
      const what = idle < NO_PROGRESS_MS ? 'comes to no end' : 'makes no progress';
      problems.push({ kind: 'hang', what: `${phase} ${what}` });
      return;
    }
    await new Promise(() => {});
  };
  return { problems, overdue };
}

async function peakOf(root: string): Promise<number> {
  const names = (await readdir(root)).filter(name => name.startsWith('peak.'));
  return Math.max(0, ...(await Promise.all(names.map(async name => Number(await readFile(join(root, name), 'utf8'))))));
}
