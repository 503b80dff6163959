/**
 * The log of the step, as the runner shows it: sections that fold, as a table of contents, and a line every now and then
 * however long something takes.
 */
import * as core from '@actions/core';
import { oneLine, someLines } from '../errors.ts';
import { duration } from './format.ts';

/** How other folders write to the log. No text given here may contain a secret or a part of a record. */
export interface Log {
  info(line: string): void;
  /** Shown only when debug logging is on. */
  debug(line: string): void;
  /** An annotation for something that the user should act on. */
  warning(message: string): void;
  /** An annotation for a fact that the user should know. */
  notice(message: string): void;
}

export const log: Log = {
  // The runner looks for commands at the start of a line, and for old ones anywhere.
  info: line => core.info(oneLine(line)),
  debug: line => core.debug(someLines(line)),
  warning: message => core.warning(someLines(message)),
  notice: message => core.notice(someLines(message)),
};

/**
 * Keeps what libraries print on the lines on which they print it: the key of a cache entry or a name may have a line break,
 * and the runner looks for commands at the start of each line. `@actions/core` writes a line, or a command, at a time.
 * @param listener gets each line
 */
export function guardOutput(listener: (line: string) => void): void {
  const write = process.stdout.write;
  process.stdout.write = function (this: typeof process.stdout, text: string | Uint8Array, ...rest: never[]) {
    // What a tool prints that a library has started: names of files, for one.
    if (typeof text !== 'string')
      return write.call(this, String(Buffer.from(text)).replace(/^\s*:(?=:)|##(?=\[)/gm, '$& '), ...rest);
    const [, line = '', end = ''] = /^(.*?)(\r?\n?)$/s.exec(text) ?? [];
    const plain = line.replace(/[\r\n]+/g, ' ');
    listener(plain);
    // A command may have anything in it: a secret that is masked, for one.
    return write.call(this, `${plain.startsWith('::') ? plain : plain.replaceAll('##[', '## [')}${end}`, ...rest);
  } as typeof write;
}

/** The parts of a run. What the libraries print stands in the section that uses them. */
export type Section = 'Prepare' | 'Read' | 'Count' | 'Ask' | 'Compact' | 'Publish' | 'Save state';

/** Between two lines about progress: people take a log that stands still for a process that hangs. */
const INTERVAL_MS = 10_000;
/** The same in a section that takes long, so that its log does not get long, too. */
const LONG_INTERVAL_MS = 20_000;
const LONG_MS = 10 * 60_000;

let timer: NodeJS.Timeout | undefined;

/**
 * Begins a section, and ends the one before.
 * @param progress how far the section is, given how long it has taken (ms)
 */
export function openSection(title: Section, progress: (ms: number) => string = ms => stillAt(title, ms)): void {
  endSection();
  core.startGroup(title);
  const begunAt = performance.now();
  let spokenAt = begunAt;
  timer = setInterval(() => {
    const now = performance.now();
    if (now - spokenAt < (now - begunAt < LONG_MS ? INTERVAL_MS : LONG_INTERVAL_MS)) return;
    spokenAt = now;
    log.info(progress(now - begunAt));
  }, 1_000);
  // The process ends when its work is done.
  timer.unref();
}

export function endSection(): void {
  if (timer === undefined) return;
  clearInterval(timer);
  timer = undefined;
  core.endGroup();
}

/**
 * Ends the process when the runner has read all lines: what it has not read would be lost, the errors first of all
 * (docs/actions-platform.md#log-and-masks). Idle connections of the libraries would keep the process for seconds.
 */
export async function exit(): Promise<never> {
  await new Promise(resolve => process.stdout.write('', resolve));
  process.exit(process.exitCode ?? core.ExitCode.Success);
}

/** @param waitingFor what it waits for, if that is known */
export function stillAt(title: Section, ms: number, waitingFor = ''): string {
  return `${title}: ${duration(ms)} so far${waitingFor === '' ? '' : `, ${waitingFor}`}.`;
}
