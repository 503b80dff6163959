// What a run is about, and so under which name its progress is kept: an incremental sync, a backfill and a shard of a plan
// have nothing of each other's. Every place that keeps a state goes by this name. Pure.

import { digest, type Shard } from '../shards/shard.ts';
import { cutoffOf } from '../sync/plan.ts';
import type { Config } from './config.ts';

export interface Scope {
  readonly kind: 'incremental' | 'backfill' | 'shard';
  /** Name of the state: a state id alone, or a path below `backfill/` or `shard/`, which no state id can be. */
  readonly stateName: string;
  readonly artifactName: string;
  /** Tells the files of one job of a run on the data branch from those of another; empty for an incremental sync. */
  readonly fileMark: string;
  /** What is wanted, before streams say what they have of it. */
  readonly window: { readonly from: number; readonly to: number };
  readonly cutoff: number;
  /** Of a backfill: its end has not come yet. */
  readonly isAhead: boolean;
}

type Named = Pick<Config, 'stateId' | 'artifactName' | 'startDate' | 'endDate' | 'settleMs' | 'shard'>;

/** What a run of `mode: sync` is about. */
export function scopeOf(config: Named, now: number): Scope {
  const { stateId, artifactName, shard } = config;
  if (shard === null) return wholeScope(config, now);
  const { plan, number, of, window, cutoff } = shard;
  // One run may have several plans.
  const mark = plan.slice(0, 6);
  const padded = (n: number) => String(n).padStart(3, '0');
  return {
    kind: 'shard',
    stateName: shardState(stateId, shard),
    artifactName: `${artifactName}-shard-${padded(number)}-of-${padded(of)}-${mark}`,
    fileMark: `shard${padded(number)}-${mark}`,
    window,
    cutoff,
    isAhead: false,
  };
}

/** The same of a sync that is not divided, and of all the shards of a plan together. */
export function wholeScope({ stateId, artifactName, startDate, endDate, settleMs, shard }: Named, now: number): Scope {
  const cutoff = shard?.cutoff ?? cutoffOf(now, settleMs);
  const to = Math.min(cutoff, endDate ?? cutoff);
  const span = `${startDate === null ? '' : compact(startDate)}..${endDate === null ? '' : compact(endDate)}`;
  const stateName = endDate === null ? stateId : `backfill/${stateId}/${span}`;
  return {
    kind: endDate === null ? 'incremental' : 'backfill',
    stateName,
    artifactName,
    fileMark: endDate === null ? '' : `backfill-${digest(stateName, 6)}`,
    window: { from: Math.min(startDate ?? 0, to), to },
    cutoff,
    isAhead: endDate !== null && endDate > cutoff,
  };
}

function shardState(stateId: string, { plan, number }: Pick<Shard, 'plan' | 'number'>): string {
  return `shard/${stateId}/${plan}/${number}`;
}

/** `20240131T080000Z`, with the milliseconds where there are some: fit for the name of a file and the key of a cache. */
function compact(at: number): string {
  return new Date(at).toISOString().replace(/[-:]/g, '').replace('.000Z', 'Z').replace('.', '');
}
