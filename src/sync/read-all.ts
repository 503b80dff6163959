// All streams side by side, with what goes wrong in one kept from the others.
import { asSyncError, type SyncError } from '../errors.ts';

/** Why a run stops before it is done, cleanly. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly why: 'time-budget' | 'disk-limit' | 'cancelled';

  constructor(why: Stopped['why']) {
    super(why);
    this.why = why;
  }
}

export interface Reading {
  readonly name: string;
  /** Resolves to whether the stream is read up to the cutoff. */
  readonly read: () => Promise<boolean>;
}

export interface Ending {
  readonly outcome: 'complete' | 'partial' | 'failed' | 'skipped';
  readonly error?: SyncError;
}

/** Reads all streams; never rejects. An error that no stream could go on after stops them all. */
export async function readAll(readings: readonly Reading[], stop: AbortController): Promise<Map<string, Ending>> {
  const endings = await Promise.all(
    readings.map(async ({ name, read }): Promise<[string, Ending]> => {
      try {
        return [name, { outcome: (await read()) ? 'complete' : 'partial' }];
      } catch (thrown) {
        // A request that was under way when the run stopped fails in its own words; the reason is the signal's.
        const error = stop.signal.aborted ? stop.signal.reason : thrown;
        if (error instanceof Stopped) return [name, { outcome: 'partial' }];
        const trouble = asSyncError(error);
        if (trouble.endsTheRun && !stop.signal.aborted) stop.abort(trouble);
        return [name, { outcome: trouble.kind === 'forbidden' ? 'skipped' : 'failed', error: trouble }];
      }
    }),
  );
  return new Map(endings);
}
