import { asSyncError, SyncError } from '../errors.ts';
import type { StreamJob } from './job.ts';

/** The reason of the abort signal when a run stops early and cleanly. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly why: 'time-budget' | 'disk-limit' | 'cancelled';

  constructor(why: Stopped['why']) {
    super(why);
    this.why = why;
  }
}

export interface Ending {
  readonly outcome: 'complete' | 'partial' | 'failed' | 'skipped';
  readonly error?: SyncError;
}

/**
 * Reads all streams in parallel; never rejects. An error of one stream does not stop the others, unless it ends the run.
 * @param stop aborted with the first error that ends the run
 */
export async function readAll(
  jobs: readonly Pick<StreamJob, 'name' | 'read'>[],
  stop: AbortController,
): Promise<Map<string, Ending>> {
  const endings = jobs.map(async ({ name, read }): Promise<[string, Ending]> => {
    try {
      return [name, { outcome: (await read()) ? 'complete' : 'partial' }];
    } catch (thrown) {
      // A request that was in flight when the run stopped fails with an error of its own; the signal knows the reason.
      const reason = stop.signal.aborted ? stop.signal.reason : thrown;
      if (reason instanceof Stopped) return [name, { outcome: 'partial' }];
      const error = named(asSyncError(reason), name);
      if (error.endsTheRun && !stop.signal.aborted) stop.abort(error);
      return [name, { outcome: isSkipped(error) ? 'skipped' : 'failed', error }];
    }
  });
  return new Map(await Promise.all(endings));
}

/** The readers of searches do not know which stream they read, and two of them may say the same. */
function named(error: SyncError, name: string): SyncError {
  const { code, what, todo, cause } = error;
  if (code !== 'search-inconsistent') return error;
  return new SyncError(code, { what: what.replace(/^Kustomer's search/, `$& of ${name}`), todo, cause });
}

/** Whether the stream is one that the key may not read, or that the organization does not have. */
export function isSkipped({ kind }: SyncError): boolean {
  return kind === 'forbidden' || kind === 'absent';
}
