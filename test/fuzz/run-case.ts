// Runs one case: the committed action in a tiny world, with the answers that the case mutates, and then a clean run.
// The oracle checks both, and everything that they have published.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handle } from '../world/runner/index.ts';
import { ACTION, openStage, type Stage, type Sync } from '../world/stage.ts';
import type { Case, Rule } from './case.ts';
import { type Injector, openForeignHost, openInjector } from './inject.ts';
import { checkCleanRun, checkHostileRun, checkPublished, type Finding } from './oracle.ts';

const PRELOAD = join(import.meta.dirname, '../../scripts/fast-clock.mjs');
const HOUR = 3_600_000;
/** In a hostile run, waits end 40 times as early. */
const TIME_SCALE = 40;
/** In real time; the longest wait that a hostile run has a reason for takes less than two seconds of it. */
const NO_PROGRESS_MS = 10_000;
/** The longest of all: the hour and more of rate limits that GitHub asks to wait for takes 98 seconds. */
const LONGEST_MS = 120_000;
const MAX_MB = 300;

/** A fault that a test plants, to see that the oracle finds it. */
export type PlantedFault = 'loss' | 'doubling' | 'hang' | 'leak' | 'memory' | 'crash';

export interface CaseResult {
  readonly findings: readonly Finding[];
  /** Number of mutated answers. */
  readonly injected: number;
  readonly peakMB: number;
  /** Error messages of the hostile run. */
  readonly errors: readonly string[];
  readonly exitCode: number | null;
  readonly log: string;
}

export async function runCase(drawn: Case, planted: readonly PlantedFault[] = []): Promise<CaseResult> {
  const fuzzCase = planted.includes('loss') ? { ...drawn, rules: [...drawn.rules, LOSS] } : drawn;
  const stage = await openStage({ world: { seed: fuzzCase.seed, pageSizeMax: fuzzCase.pageSize, exoticEvery: 7 } });
  const foreign = await openForeignHost();
  try {
    populate(stage);
    const peaks = join(stage.root, 'peak');
    const options = (scale: number, planted: readonly PlantedFault[] = []): Sync => ({
      action: ACTION,
      debug: fuzzCase.debug,
      nodeArgs: ['--import', PRELOAD],
      env: { TIME_SCALE: String(scale), PEAK_FILE: peaks, PLANTED: planted.join() },
      with: inputsOf(fuzzCase),
    });
    const findings: Finding[] = [];
    if (fuzzCase.isSecond) {
      findings.push(...checkCleanRun(await stage.sync(options(1)), 'the run before'));
      change(stage);
    }
    const injector = openInjector(fuzzCase, stage, foreign.origin);
    const watchdog = openWatchdog(injector, peaks);
    Object.assign(stage.kustomer, { intercept: injector.intercept });
    Object.assign(stage.github.traffic, { intercept: injector.intercept });
    const hostile = await stage.sync({
      ...options(TIME_SCALE, planted),
      kill: watchdog.killWhenStuck,
      killPost: watchdog.killWhenStuck,
    });
    Object.assign(stage.kustomer, { intercept: undefined });
    Object.assign(stage.github.traffic, { intercept: undefined });
    findings.push(...watchdog.findings, ...checkHostileRun(stage, hostile, foreign.received));
    change(stage);
    const calm = options(1);
    const clean = await stage.sync(
      planted.includes('doubling') ? { ...calm, with: { ...calm.with, 'reset-state': 'true' } } : calm,
    );
    findings.push(...checkCleanRun(clean, 'the clean run'), ...(await checkPublished(stage, fuzzCase.destination)));
    const peakMB = await peakOf(stage.root);
    if (peakMB > MAX_MB) findings.push({ kind: 'memory', what: `${Math.round(peakMB)} MB` });
    for (const bug of [...injector.bugs, ...stage.github.traffic.bugs])
      findings.push({ kind: 'fuzzer', what: String((bug as Error).stack ?? bug) });
    const errors = hostile.annotations.filter(({ level }) => level === 'error').map(({ message }) => message);
    const log = `${hostile.job.unmaskedLog}\n--- clean run\n${clean.job.unmaskedLog}`;
    return { findings, injected: injector.injected(), peakMB, errors, exitCode: hostile.exitCode, log };
  } finally {
    foreign.server.closeAllConnections();
    foreign.server.close();
    await stage.close();
  }
}

/** Records of all streams. With small pages a search has several. */
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

/** A page that lacks a record, and says nothing of it: no client can notice that. */
const LOSS: Rule = {
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

/** Kills a phase that makes no progress although all services have answered, or that takes too long. */
function openWatchdog(injector: Injector, peakFile: string) {
  const findings: Finding[] = [];
  const killWhenStuck = async ({ pid, exited, phase, lines }: Handle) => {
    const since = performance.now();
    let [lastLine, seen] = [since, 0];
    let [lastActive, cpuBefore] = [since, 0];
    const isOver = exited.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([isOver, sleep(200, false)]))) {
      const now = performance.now();
      if (lines.length > seen) [lastLine, seen] = [now, lines.length];
      const { cpuSeconds, peakMB } = await usageOf(pid);
      const active = injector.pending() > 0 ? now : Math.max(since, lastLine, injector.lastActivity());
      if (active !== lastActive) [lastActive, cpuBefore] = [active, cpuSeconds];
      const idle = now - active;
      const used = cpuSeconds - cpuBefore;
      // On a machine that is busy with other things, a process that works gets little of it.
      const isStarved = used > 0.3 && used < (0.7 * NO_PROGRESS_MS) / 1_000;
      if ((idle < NO_PROGRESS_MS || isStarved) && now - since < LONGEST_MS) continue;
      // A killed process does not write its peak.
      await writeFile(`${peakFile}.${pid}`, String(peakMB));
      const what = idle < NO_PROGRESS_MS ? 'does not end' : 'makes no progress';
      findings.push({ kind: 'hang', what: `${phase} ${what}, with ${used.toFixed(0)} s of CPU` });
      return;
    }
    await new Promise(() => {});
  };
  return { findings, killWhenStuck };
}

/** What Linux says of a process; zeros elsewhere. */
async function usageOf(pid: number): Promise<{ cpuSeconds: number; peakMB: number }> {
  const [stat, status] = await Promise.all(
    ['stat', 'status'].map(name => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
  );
  // utime and stime, in hundredths of a second, behind the name, which may have spaces.
  const [user = 0, system = 0] = (stat ?? '').split(') ').at(-1)?.split(' ').slice(11, 13).map(Number) ?? [];
  return { cpuSeconds: (user + system) / 100, peakMB: Number(/VmHWM:\s+(\d+)/.exec(status ?? '')?.[1] ?? 0) / 1024 };
}

async function peakOf(root: string): Promise<number> {
  const names = (await readdir(root)).filter(name => name.startsWith('peak.'));
  return Math.max(0, ...(await Promise.all(names.map(async name => Number(await readFile(join(root, name), 'utf8'))))));
}
