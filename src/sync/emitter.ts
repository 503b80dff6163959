/**
 * Writes the records of one slice to the sink, each new version once.
 *
 * A reader may have some records of a tie group before it knows that it has all of them. Such records are staged: in
 * memory while they are few, in a staging file beyond that. They reach the output with the commit that completes the
 * group, so that every commit is a safe place to resume.
 */
import type { Interval } from './intervals.ts';
import type { DatedRecord, Sink, StagingFile } from './source.ts';
import { dedupKey, type SearchWork } from './state.ts';

export type Emitter = ReturnType<typeof openEmitter>;

interface EmitterOptions {
  readonly sink: Sink;
  readonly work: Pick<SearchWork, 'dedupKeys' | 'dedupSince'>;
  /** What was committed: dedup keys since `work.dedupSince`, and the number of records. */
  readonly progress: { readonly newDedupKeys: Set<string>; records: number };
}

/** Beyond this many, staged records go to a file, so that memory stays flat. A usual tie group needs no file. */
const MAX_STAGED_IN_MEMORY = 5_000;

class Stage {
  inMemory: DatedRecord[] = [];
  file: StagingFile | undefined;
  /** The records count when everything before this time (ms) has been read. */
  until = Number.NEGATIVE_INFINITY;
  records = 0;
  readonly dedupKeys: string[] = [];
  /** `updated_at` (ms) of each staged record, by id. */
  readonly latest = new Map<string, number>();
}

/** @param range records outside of it belong to another slice and are ignored */
export function openEmitter({ sink, work, progress }: EmitterOptions, range: Interval) {
  let staged = new Stage();

  /** The records that are in the range, newer than their staged version, and not published before. */
  function newOf(records: readonly DatedRecord[]): DatedRecord[] {
    const { latest, dedupKeys } = staged;
    const fresh = new Map<string, DatedRecord>();
    for (const record of records) {
      const { at, resource, undated } = record;
      const isOther = at < range.from || at >= range.to;
      if (isOther || at <= (latest.get(resource.id) ?? Number.NEGATIVE_INFINITY)) continue;
      // Only a record that may be read again needs a key. An undated record has the time of a neighbor, so it always does.
      const needsKey = undated || at >= work.dedupSince;
      if (needsKey || work.dedupKeys.size > 0) {
        const key = dedupKey(record, sink);
        if (work.dedupKeys.has(key) || progress.newDedupKeys.has(key)) continue;
        if (needsKey) dedupKeys.push(key);
      }
      latest.set(resource.id, at);
      fresh.set(resource.id, record);
    }
    return [...fresh.values()];
  }

  /** Takes records that count only once everything before `until` (ms) has been read. */
  async function stage(records: readonly DatedRecord[], until: number): Promise<void> {
    staged.until = Math.max(staged.until, until);
    const fresh = newOf(records);
    staged.records += fresh.length;
    staged.inMemory.push(...fresh);
    if (staged.inMemory.length <= MAX_STAGED_IN_MEMORY) return;
    staged.file ??= sink.openStagingFile();
    const { inMemory } = staged;
    staged.inMemory = [];
    await staged.file.write(inMemory);
  }

  return {
    stage,
    /**
     * Writes the staged records and these to the sink.
     * @returns false, having committed nothing, when staged records wait for a time after `until` (ms)
     */
    async commit(records: readonly DatedRecord[], until: number): Promise<boolean> {
      await stage(records, Number.NEGATIVE_INFINITY);
      if (until < staged.until) return false;
      const { file, inMemory, dedupKeys, records: count } = staged;
      if (inMemory.length > 0) await (file ?? sink).write(inMemory);
      await file?.commit();
      staged = new Stage();
      for (const key of dedupKeys) progress.newDedupKeys.add(key);
      progress.records += count;
      return true;
    },
    /** Drops the staged records. */
    async discard(): Promise<void> {
      const { file } = staged;
      staged = new Stage();
      await file?.discard();
    },
  };
}
