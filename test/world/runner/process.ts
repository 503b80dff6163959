// One Node process of a step: its lines, its death, and the runner's ladder of signals
// (docs/actions-platform.md#cancellation).
import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long the runner waits between the signals of a cancel. */
export interface Ladder {
  /** From SIGINT to SIGTERM: 7.5 s. */
  interruptMs: number;
  /** From SIGTERM to SIGKILL of the whole tree: 2.5 s. */
  terminateMs: number;
}

export const RUNNER_LADDER: Ladder = { interruptMs: 7_500, terminateMs: 2_500 };

export interface StepProcess {
  readonly pid: number;
  /** Resolves when the process has gone and its output is read. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly running: boolean;
  /** The signals that were sent to it, in order. */
  readonly signals: NodeJS.Signals[];
  /** SIGINT to the process, then SIGTERM, then SIGKILL to everything it started. */
  cancel(): Promise<void>;
  /** SIGKILL to everything, at once. */
  kill(): void;
}

export interface ProcessOptions {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  ladder: Ladder;
  onLine: (line: string) => void;
}

export function startProcess(options: ProcessOptions): StepProcess {
  // A process group of its own, so that the tree can be killed and nothing else.
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const signals: NodeJS.Signals[] = [];
  let running = true;
  const flushes = [readLines(child.stdout, options.onLine), readLines(child.stderr, options.onLine)];

  const killTree = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  };

  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      running = false;
      // Children that outlive the step are ended as the runner does, else they would hold its pipes open for ever.
      killTree();
      void Promise.race([new Promise(done => child.once('close', done)), sleep(2_000, undefined, { ref: false })]).then(
        () => {
          for (const flush of flushes) flush();
          resolve({ code, signal });
        },
      );
    });
  });
  // Awaited by whoever started the process; until then a failure to start must not count as unhandled.
  exited.catch(() => {});

  const send = (signal: NodeJS.Signals) => {
    if (!running) return;
    signals.push(signal);
    child.kill(signal);
  };

  return {
    pid: child.pid ?? -1,
    exited,
    signals,
    get running() {
      return running;
    },
    async cancel() {
      const gone = exited.then(
        () => true,
        () => true,
      );
      const within = (ms: number) => Promise.race([gone, sleep(ms, false, { ref: false })]);
      send('SIGINT');
      if (await within(options.ladder.interruptMs)) return;
      send('SIGTERM');
      if (await within(options.ladder.terminateMs)) return;
      if (running) {
        signals.push('SIGKILL');
        killTree();
      }
    },
    kill() {
      if (!running) return;
      signals.push('SIGKILL');
      killTree();
    },
  };
}

/** Whole lines only, whatever the chunks, also where a chunk ends inside a character. Returns the flush of the last one. */
function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): () => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const [end = '', ...begun] = decoder.write(chunk).split('\n');
    // A line may have megabytes: what is known of it is not looked at again.
    rest += end;
    for (const next of begun) {
      onLine(rest.replace(/\r$/, ''));
      rest = next;
    }
  });
  return () => {
    rest += decoder.end();
    if (rest !== '') onLine(rest);
    rest = '';
  };
}
