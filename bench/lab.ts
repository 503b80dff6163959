// What every measurement needs: Kustomer in a process of its own, the action as the runner starts it, and the floor.
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type GitHub, startGitHub } from '../test/world/github/index.ts';
import { DEFAULT_TOKEN } from '../test/world/kustomer/index.ts';
import { type ActionResult, runAction } from '../test/world/runner/index.ts';
import type { Used } from './meter.ts';
import { readMeters } from './meters.ts';
import type { Answers, Scene, Seen } from './simulator.ts';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const QUIET = ['--disable-warning=ExperimentalWarning'];

export class Lab {
  readonly directory = mkdtempSync(join(tmpdir(), 'kustomer-sync-bench-'));
  readonly #github: GitHub;
  #meters = 0;

  constructor(github: GitHub) {
    this.#github = github;
  }

  /**
   * Runs the bundle once, to its end.
   * @param action directory of `action.yml` and `dist/`
   * @throws Error with the log when it did not succeed
   */
  async action(
    kustomer: Kustomer,
    inputs: Record<string, string>,
    action = file('..'),
  ): Promise<{ result: ActionResult; used: Used }> {
    const meter = this.#meter();
    const result = await runAction({
      action,
      context: this.#github.job(),
      root: `${meter}-runner`,
      env: { METER: meter },
      nodeArgs: [...QUIET, '--import', file('meter.ts')],
      with: { token: DEFAULT_TOKEN, 'api-url': kustomer.url, destination: 'none', ...inputs },
    });
    if (result.jobConclusion !== 'success') throw new Error(`the action failed:\n${result.log}`);
    // The main step is the first process, and by far the busier one.
    const used = readMeters(meter).sort((a, b) => a.startedAt - b.startedAt)[0] as Used;
    return { result, used };
  }

  /** Runs the floor over the searches that a run of the action has made. */
  async floor(kustomer: Kustomer, plan: string, inFlight: number): Promise<Used> {
    const meter = this.#meter();
    const out = join(this.directory, 'floor.ndjson');
    const args = [...QUIET, '--import', file('meter.ts'), file('floor.ts')];
    const child = spawn(process.execPath, [...args, kustomer.url, DEFAULT_TOKEN, plan, out, String(inFlight)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, METER: meter },
    });
    const [code] = await once(child, 'exit');
    rmSync(out, { force: true });
    if (code !== 0) throw new Error('the floor failed');
    return readMeters(meter)[0] as Used;
  }

  /** Runs one of the taps to its end. */
  async tap(kustomer: Kustomer, which: 'singer' | 'meltano'): Promise<{ records: number; used: Used }> {
    const meter = this.#meter();
    const args = [...QUIET, '--import', file('meter.ts'), file('taps.ts')];
    const child = spawn(process.execPath, [...args, kustomer.url, DEFAULT_TOKEN, which], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, METER: meter },
    });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    if (code !== 0) throw new Error(`the ${which} tap failed`);
    return { records: Number(output), used: readMeters(meter)[0] as Used };
  }

  /** The action as another commit has it. Gives its directory. */
  actionOf(commit: string): string {
    const directory = join(this.directory, 'action');
    mkdirSync(directory);
    const archive = execFileSync('git', ['archive', commit, 'action.yml', 'package.json', 'dist'], {
      cwd: file('..'),
      maxBuffer: 100_000_000,
    });
    execFileSync('tar', ['-x', '-C', directory], { input: archive });
    return directory;
  }

  async close(): Promise<void> {
    await this.#github.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #meter(): string {
    return join(this.directory, `meter-${++this.#meters}`);
  }
}

export async function openLab(): Promise<Lab> {
  return new Lab(await startGitHub());
}

/** Kustomer, played by a process of its own. */
export class Kustomer implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  async ask<Question extends keyof Answers>(question: Question): Promise<Answers[Question]> {
    const answer = once(this.#child, 'message');
    this.#child.send(question);
    return (await answer)[0];
  }

  async searches(): Promise<Seen[]> {
    return (await this.ask('requests')).filter(({ budget }) => budget === 'search');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}

export async function startKustomer(scene: Scene): Promise<Kustomer> {
  const child = fork(file('simulator.ts'), [JSON.stringify(scene)], {
    execArgv: [...QUIET, '--max-old-space-size=6000'],
    serialization: 'advanced',
  });
  const [url] = await once(child, 'message');
  return new Kustomer(url, child);
}
