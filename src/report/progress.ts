// How far a run is, said in its log at a human pace.

import type { Job } from '../sync/job.ts';
import { grouped } from './format.ts';
import type { Log } from './log.ts';

/** How often the log says how far the run is, at most. */
const PROGRESS_MS = 10_000;

/** To be called whenever there is news, so that waiting costs nothing. */
export function openProgress(jobs: () => readonly Job[], log: Log): () => void {
  let last = performance.now();
  return () => {
    if (performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    const read = jobs().filter(job => job.records() > 0);
    log.info(`Read so far: ${read.map(job => `${job.name} ${grouped(job.records())}`).join(', ')}.`);
  };
}
