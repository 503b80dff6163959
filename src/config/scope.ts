/**
 * The scope of a run: its window, and the names under which it keeps its state and publishes its files.
 *
 * An incremental sync, a reconciliation, each backfill and each shard of a plan have states of their own, which do not affect each other.
 * Every place that stores a state uses the name from here. Pure.
 */
import { digest } from '../shards/shard.ts';
import { cutoffOf } from '../sync/plan.ts';
import type { Config } from './config.ts';

export type Scope = ReturnType<typeof syncScope>;
type ScopeConfig = Pick<Config, 'mode' | 'stateId' | 'artifactName' | 'startDate' | 'endDate' | 'settleMs' | 'shard'>;

/**
 * The scope of a run that reads one shard, an undivided sync, or which ids exist.
 * @param now milliseconds since the epoch
 */
export function scopeOf(config: ScopeConfig, now: number): Scope {
  const { mode, stateId, artifactName, shard } = config;
  if (mode === 'reconcile') {
    return { ...syncScope(config, now), kind: 'reconciliation', stateName: `reconcile/${stateId}`, fileMark: 'ids' };
  }
  if (shard === null) return syncScope(config, now);
  const { plan, window, cutoff } = shard;
  // One run may have several plans.
  const mark = plan.slice(0, 6);
  const [number, of] = [shard.number, shard.of].map(n => String(n).padStart(3, '0'));
  return {
    kind: 'shard',
    stateName: `shard/${stateId}/${plan}/${shard.number}`,
    artifactName: `${artifactName}-shard-${number}-of-${of}-${mark}`,
    fileMark: `shard${number}-${mark}`,
    window,
    cutoff,
    endsInFuture: false,
  };
}

/**
 * The scope of an undivided sync or backfill, and of all shards of a plan together.
 * @param now milliseconds since the epoch
 */
export function syncScope(config: ScopeConfig, now: number) {
  const { stateId, artifactName, startDate, endDate, settleMs, shard } = config;
  const cutoff = shard?.cutoff ?? cutoffOf(now, settleMs);
  const to = Math.min(cutoff, endDate ?? cutoff);
  const dates = `${startDate === null ? '' : inBasicFormat(startDate)}..${endDate === null ? '' : inBasicFormat(endDate)}`;
  const stateName = endDate === null ? stateId : `backfill/${stateId}/${dates}`;
  return {
    kind: (endDate === null ? 'incremental' : 'backfill') as 'incremental' | 'backfill' | 'shard' | 'reconciliation',
    /** A state id alone, or a path below `backfill/`, `shard/` or `reconcile/`, which no state id can be. */
    stateName,
    artifactName,
    /** Part of the names of the files on the data branch, unique for each job of a run; empty for an incremental sync. */
    fileMark: endDate === null ? '' : `backfill-${digest(stateName, 6)}`,
    /** All that is to be synced, no matter what is synced already; in milliseconds since the epoch. */
    window: { from: Math.min(startDate ?? 0, to), to },
    /** The latest time that a run reads, in milliseconds since the epoch. */
    cutoff,
    /** Whether the end of a backfill is later than the cutoff. */
    endsInFuture: endDate !== null && endDate > cutoff,
  };
}

/** `20240131T080000Z`, with the milliseconds where there are some: fit for the name of a file and the key of a cache. */
function inBasicFormat(at: number): string {
  return new Date(at).toISOString().replace(/[-:]/g, '').replace('.000Z', 'Z').replace('.', '');
}
