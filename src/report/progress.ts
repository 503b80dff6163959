/** Logs how many records have been read, at intervals that a person can follow. */
import { grouped } from './format.ts';
import type { Log } from './log.ts';

/** The shortest time between two lines. */
const INTERVAL_MS = 10_000;

interface StreamProgress {
  readonly name: string;
  /** Records read so far. */
  records(): number;
}

/** @returns a function to call whenever records have been read: no timer keeps the process alive */
export function openProgress(streams: () => readonly StreamProgress[], log: Log): () => void {
  let loggedAt = performance.now();
  return () => {
    if (performance.now() - loggedAt < INTERVAL_MS) return;
    loggedAt = performance.now();
    const started = streams().filter(stream => stream.records() > 0);
    log.info(`Read so far: ${started.map(stream => `${stream.name} ${grouped(stream.records())}`).join(', ')}.`);
  };
}
