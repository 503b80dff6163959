// The selected streams as jobs: each gets its plan, its source and its sink.

import type { Config } from '../config/config.ts';
import type { Scope } from '../config/scope.ts';
import type { Source } from '../kustomer/source.ts';
import { type SearchStream, streamNamed } from '../kustomer/streams.ts';
import type { PartsWriter } from '../records/parts.ts';
import type { Log } from '../report/log.ts';
import { type Job, type JobContext, listJob, searchJob } from '../sync/job.ts';
import { klassesJob, klassKey } from '../sync/klasses-job.ts';
import type { Selection } from '../sync/plan.ts';
import { type PlanOptions, planList, planSearch } from '../sync/plan.ts';
import { prefetch } from '../sync/read-list.ts';
import type { ListPages, Sink } from '../sync/source.ts';
import type { State } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';

export interface Jobs {
  readonly config: Pick<Config, 'streams'> & PlanOptions;
  readonly state: State;
  /** Milliseconds since the epoch, the same for all. */
  readonly now: number;
  readonly source: Source;
  /** The list streams, begun already. */
  readonly lists: ReadonlyMap<string, ListPages>;
  readonly writerOf: (stream: string) => Pick<PartsWriter, 'write' | 'openStagingFile'>;
  readonly context: JobContext;
  readonly log: Log;
}

/** Opens the lists; those that are read whole in each run are begun at once. */
export function openLists(
  { streams }: Pick<Config, 'streams'>,
  { kind }: Scope,
  source: Source,
): ReadonlyMap<string, ListPages> {
  const lists = new Map<string, ListPages>();
  for (const { name } of streams) {
    const stream = streamNamed(name);
    if (stream.kind !== 'list') continue;
    const pages = source.list(stream);
    lists.set(name, kind === 'incremental' ? prefetch(pages) : pages);
  }
  return lists;
}

export function openJobs(jobs: Jobs): Job[] {
  const { config, state, now, source, lists, writerOf, context, log } = jobs;
  if (config.archive === 'never' && config.streams.some(({ name }) => streamNamed(name).kind === 'search')) {
    log.notice('Records last updated more than two years ago are skipped, as `archive: never` says.');
  }
  return config.streams.map(selection => {
    const { name } = selection;
    const stream = streamNamed(name);
    const writer = writerOf(name);
    if (stream.kind === 'list') {
      const plan = planList(name, selection, config, state, now);
      return listJob(selection, plan, stream.type, lists.get(name) as ListPages, writer, context);
    }
    if (stream.hasKlasses) return openKObjects(jobs, selection, stream, writer);
    const plan = planOf(jobs, name, selection, stream);
    const old = plan.listOnlyBefore === null ? undefined : source.archiveList(stream);
    return searchJob(selection, plan, source.search(stream), writer, context, old);
  });
}

function openKObjects(jobs: Jobs, selection: Selection, stream: SearchStream, sink: Sink): Job {
  const { config, state, now, source, context, log } = jobs;
  // A plan has looked for the klasses of its shards.
  const planned = config.shard?.klasses ?? null;
  const known = [...state.search.keys()].filter(key => key.startsWith(klassKey(selection.name, '')));
  const apart = new Set([...known.map(key => key.slice(klassKey(selection.name, '').length)), ...(planned ?? [])]);
  return klassesJob({
    selection,
    planOf: klass => planOf(jobs, klass === null ? selection.name : klassKey(selection.name, klass), selection, stream),
    generic: source.search(stream),
    klasses: source.klasses(stream),
    sink,
    context,
    missingKlasses: [...apart],
    checkedAt: planned === null ? state.klassesCheckedAt : now,
    syncedFrom:
      planned === null
        ? (state.search.get(selection.name)?.syncedRanges[0]?.from ?? Number.POSITIVE_INFINITY)
        : Number.NEGATIVE_INFINITY,
    isCheckedOnce: (config.endDate ?? config.shard ?? null) !== null,
    onUnchecked: () =>
      log.warning(
        'The API key may not list klasses (403), so it is not certain that all KObjects are read. Make a key that also has the role org.permission.klass.read.',
      ),
  });
}

function planOf({ config, state, now, log }: Jobs, name: string, selection: Selection, stream: SearchStream) {
  const plan = planSearch(name, selection, config, state, now, stream.archive === 'search');
  if (plan.before !== undefined && plan.before.cutoff > plan.cutoff) {
    log.warning(
      `The state of ${name} is ahead of this run's clock (${iso(plan.before.cutoff)}). What was published is not published again; check the clock of the runner that wrote it.`,
    );
  }
  return plan;
}
