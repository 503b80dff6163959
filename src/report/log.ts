/** The log of the step, as the runner shows it. */
import * as core from '@actions/core';
import { grouped } from './format.ts';

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

export const log: Log = core;

/** The shortest time between two lines about progress. */
const PROGRESS_INTERVAL_MS = 10_000;

/**
 * Logs how many records of each stream have been read so far.
 * @returns a function to call whenever records have been read: no timer keeps the process alive
 */
export function openProgress(streams: () => readonly { readonly name: string; records(): number }[], log: Log) {
  let loggedAt = performance.now();
  return () => {
    if (performance.now() - loggedAt < PROGRESS_INTERVAL_MS) return;
    loggedAt = performance.now();
    const started = streams().filter(stream => stream.records() > 0);
    log.info(`Read so far: ${started.map(stream => `${stream.name} ${grouped(stream.records())}`).join(', ')}.`);
  };
}
