// What a slice hands on, to the sink: what is new in it, each record once. Records of an instant that is not known to be
// whole yet are held as long as they are few; more go to a place of their own, and count when it is.
import type { Interval } from './intervals.ts';
import type { DatedRecord, Sink, StagingFile } from './source.ts';
import { dedupKey, type SearchWork } from './state.ts';

export interface Emitter {
  /** Takes records that count only when everything up to `until` has been handed on. */
  stage(records: readonly DatedRecord[], until: number): Promise<void>;
  /** Hands on records. Resolves to whether all up to `until` may be claimed; otherwise what is ahead has to come first. */
  commit(records: readonly DatedRecord[], until: number): Promise<boolean>;
  /** Lets go of what never came to count. */
  discard(): Promise<void>;
}

interface EmitterOptions {
  readonly sink: Sink;
  readonly work: SearchWork;
  /** What has been handed on: fingerprints, from `rememberFrom` on, and how many records. */
  readonly progress: { readonly newDedupKeys: Set<string>; records: number };
}

/** Records held before they go aside, where they make a file of their own: that should be rare, and so should memory. */
const MAX_STAGED_IN_MEMORY = 5_000;

/** What is taken and does not count yet. */
interface Staged {
  inMemory: DatedRecord[];
  file: StagingFile | undefined;
  until: number;
  records: number;
  readonly dedupKeys: string[];
  /** The instant of each record, by id. */
  readonly latest: Map<string, number>;
}

/** `part`: what is outside of it belongs to others. */
export function openEmitter({ sink, work, progress }: EmitterOptions, part: Interval): Emitter {
  let waiting = emptyStage();

  async function take(records: readonly DatedRecord[]): Promise<void> {
    const { latest, dedupKeys } = waiting;
    const fresh = new Map<string, DatedRecord>();
    for (const found of records) {
      const { id } = found.resource;
      if (found.at < part.from || found.at >= part.to || found.at <= (latest.get(id) ?? Number.NEGATIVE_INFINITY))
        continue;
      const remember = found.undated || found.at >= work.dedupSince;
      if (remember || work.dedupKeys.size > 0) {
        const print = dedupKey(found);
        if (work.dedupKeys.has(print) || progress.newDedupKeys.has(print)) continue;
        if (remember) dedupKeys.push(print);
      }
      latest.set(id, found.at);
      fresh.set(id, found);
    }
    waiting.records += fresh.size;
    waiting.inMemory.push(...fresh.values());
    if (waiting.inMemory.length <= MAX_STAGED_IN_MEMORY) return;
    waiting.file ??= sink.openStagingFile();
    const { inMemory } = waiting;
    waiting.inMemory = [];
    await waiting.file.write(inMemory);
  }

  return {
    async stage(records, until) {
      waiting.until = Math.max(waiting.until, until);
      await take(records);
    },
    async commit(records, until) {
      await take(records);
      if (until < waiting.until) return false;
      const { file, inMemory, dedupKeys, records: count } = waiting;
      if (inMemory.length > 0) await (file ?? sink).write(inMemory);
      await file?.commit();
      waiting = emptyStage();
      for (const print of dedupKeys) progress.newDedupKeys.add(print);
      progress.records += count;
      return true;
    },
    async discard() {
      await waiting.file?.discard();
    },
  };
}

function emptyStage(): Staged {
  return {
    inMemory: [],
    file: undefined,
    until: Number.NEGATIVE_INFINITY,
    records: 0,
    dedupKeys: [],
    latest: new Map(),
  };
}
