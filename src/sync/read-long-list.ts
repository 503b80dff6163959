/**
 * Reads the notes older than the search horizon, which only a list has (docs/kustomer-api.md#old-notes).
 *
 * The list is in no known order and too long for memory. A record that moves to another page while the list is read can
 * be missed, so the list is read twice, and the records are committed only when both passes have had the same ones.
 */
import { SyncError } from '../errors.ts';
import { hash64 } from './hash.ts';
import { contains, type IntervalSet } from './intervals.ts';
import { type DatedRecord, LIST_CAP, type LongList, type Sink, type StagingFile } from './source.ts';
import { dedupKey } from './state.ts';

interface ReadLongListOptions {
  readonly list: LongList;
  readonly sink: Pick<Sink, 'openStagingFile' | 'contentOf'>;
  readonly toRead: IntervalSet;
  /** Versions that were published before. */
  readonly dedupKeys: Pick<ReadonlySet<string>, 'has'>;
  /** What was updated from this time on (ms) is committed, too, as far as it shows. It may come again, through a search. */
  readonly alsoFrom: number;
  /** Those of the undated records that nobody else has published: the search may have them as well. */
  readonly withoutKnown: (undated: readonly DatedRecord[]) => Promise<readonly DatedRecord[]>;
  readonly signal: AbortSignal;
}

/** Attempts to read a list that keeps changing; after that, the next run tries again. */
const MAX_ATTEMPTS = 5;

/**
 * Commits all records that are to be read, or none; of a list that ends at its cap, those that it has.
 * @returns the number of records committed, and the dedup keys of those of them that may come again: of the undated and the
 *   recent ones, and of all where the list is cut
 * @throws SyncError `notes-keep-changing` when no two passes had the same records
 */
export async function readLongList(options: ReadLongListOptions) {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const file = options.sink.openStagingFile();
    try {
      const staged = await stageAll(options, file);
      if (staged !== null) {
        await file.commit();
        return staged;
      }
      await file.discard();
    } catch (error) {
      await file.discard();
      throw error;
    }
  }
  throw new SyncError('notes-keep-changing', {
    what: 'The list of notes changed each time it was read, so old notes may have been missed.',
    todo: 'No old note is published; run again at a quieter time.',
  });
}

/** Writes the records of one pass to a file. Null when a second pass has had other records. */
async function stageAll(options: ReadLongListOptions, file: StagingFile) {
  const { list, sink, toRead, dedupKeys, alsoFrom, withoutKnown, signal } = options;
  const recent: string[] = [];
  const undated = new Map<string, DatedRecord>();
  /** Of the first records, which are all where the list is cut. */
  const keys = new Set<string>();
  let written = 0;
  const isNew = (record: DatedRecord) => {
    const key = dedupKey(record, sink);
    if (Number.isNaN(record.at) || dedupKeys.has(key) || keys.has(key)) return false;
    if (keys.size < LIST_CAP) keys.add(key);
    if (record.at >= alsoFrom) recent.push(key);
    return true;
  };
  const write = async (records: readonly DatedRecord[]) => {
    if (records.length > 0) await file.write(records);
    written += records.length;
  };
  const [first, second] = [new Checksum(), new Checksum()];
  const { isOneResponse, isCut } = await list.pass(async found => {
    signal.throwIfAborted();
    const fresh = first.add(found, toRead, alsoFrom);
    for (const each of fresh) if (Number.isNaN(each.at)) undated.set(each.resource.id, { ...each, undated: true });
    await write(fresh.filter(isNew));
  });
  if (!isOneResponse && !isCut) {
    await list.pass(async found => {
      signal.throwIfAborted();
      second.add(found, toRead);
    });
    if (second.count !== first.count || second.sum !== first.sum) return null;
  }
  const unknown = await withoutKnown([...undated.values()]);
  await write(unknown);
  const newKeys = [...unknown.map(record => dedupKey(record, sink)), ...(isCut ? keys : recent)];
  return { records: written, keys: newKeys, isCut };
}

/**
 * Which of the records to read a pass has had, in a few numbers that do not depend on the order. Other records do not
 * count: a list in use has new ones in every pass.
 */
class Checksum {
  count = 0;
  sum = 0n;
  #lastPage: ReadonlySet<string> = new Set();

  /**
   * Adds the records of a page.
   * @param alsoFrom those updated from then on (ms) do not count, and are returned
   * @returns those to read, each once, without those of the page before: a new record moves the others, so that one
   *   comes twice
   */
  add(found: readonly DatedRecord[], toRead: IntervalSet, alsoFrom = Number.POSITIVE_INFINITY): DatedRecord[] {
    const page = new Map<string, DatedRecord>();
    for (const each of found) {
      const isOlder = each.at < (page.get(each.resource.id)?.at ?? Number.NaN);
      if (!isOlder) page.set(each.resource.id, each);
    }
    const fresh = [...page.values()].filter(each => !this.#lastPage.has(each.resource.id));
    this.#lastPage = new Set(page.keys());
    const counted = fresh.filter(each => isIn(each, toRead));
    for (const { resource } of counted) this.sum = BigInt.asUintN(64, this.sum + hash64(Buffer.from(resource.id)));
    this.count += counted.length;
    return fresh.filter(each => each.at >= alsoFrom || isIn(each, toRead));
  }
}

/** An undated record counts as the oldest of all, so that it is not lost. */
function isIn({ at }: DatedRecord, set: IntervalSet): boolean {
  return Number.isNaN(at) ? set[0]?.from === 0 : contains(set, at);
}
