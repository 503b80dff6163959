// The log of a run, as the runner shows it. Only this file, inputs.ts and report.ts know @actions/core.
import * as core from '@actions/core';

/** What the other rooms may say. Text given here never holds a secret or anything out of a record. */
export interface Log {
  /** A line of the story. */
  info(line: string): void;
  /** A line only for those who have turned debug logging on. */
  debug(line: string): void;
  /** Something a user should do something about; an annotation. */
  warning(message: string): void;
  /** A fact worth knowing once a run; an annotation. */
  notice(message: string): void;
}

export const log: Log = {
  info: core.info,
  debug: core.debug,
  warning: message => core.warning(message),
  notice: message => core.notice(message),
};

/** A number of milliseconds as people say it: `850 ms`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A count with its noun: `1 record`, `12,345 records`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}
