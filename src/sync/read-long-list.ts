// Records that only a long list in no known order still shows: the notes older than the live search reaches, since the
// archive has no notes (docs/kustomer-api.md#old-notes). They count all together or not at all.
import { SyncError } from '../errors.ts';
import type { Interval, IntervalSet } from './intervals.ts';
import type { DatedRecord, LongList, StagingFile } from './source.ts';

export interface OldReading {
  readonly pages: LongList;
  /** Opens a place for records that count only if all are there. */
  readonly openStagingFile: () => StagingFile;
  readonly work: IntervalSet;
  /** Of records without a date that can be read, those that nobody else has handed on: the search may show them as well. */
  readonly left: (undated: readonly DatedRecord[]) => Promise<readonly DatedRecord[]>;
  readonly signal: AbortSignal;
}

/** A list whose records keep moving between the pages is given up after so many tries; the next run tries again. */
const MOST_TRIES = 5;

/** Resolves to how many records were kept, and those without a date. Rejects with what went wrong; nothing is kept then. */
export async function readOld({ pages, openStagingFile, work, left, signal }: OldReading) {
  for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
    const place = openStagingFile();
    try {
      const first = tally();
      const undated = new Map<string, DatedRecord>();
      const atOnce = await pages.pass(async found => {
        signal.throwIfAborted();
        const mine = first.fresh(found, work);
        for (const each of mine) if (Number.isNaN(each.at)) undated.set(each.resource.id, { ...each, undated: true });
        const dated = mine.filter(({ at }) => !Number.isNaN(at));
        if (dated.length === 0) return;
        await place.write(dated);
        first.written += dated.length;
      });
      if (atOnce || (await again(pages, work, signal)).isSame(first)) {
        const rest = await left([...undated.values()]);
        if (rest.length > 0) await place.write(rest);
        await place.commit();
        return { records: first.written + rest.length, undated: rest };
      }
      await place.discard();
    } catch (error) {
      await place.discard();
      throw error;
    }
  }
  throw new SyncError('notes-keep-changing', {
    what: 'The list of notes changed each time it was read, so it is not certain that all old notes were in it.',
    todo: 'None of them is taken for read; run again at a quieter time.',
  });
}

/** A record moves to another page when one before it goes, and may then be missed: so what is there is counted again. */
async function again(pages: LongList, work: IntervalSet, signal: AbortSignal): Promise<Tally> {
  const second = tally();
  await pages.pass(async found => {
    signal.throwIfAborted();
    second.fresh(found, work);
  });
  return second;
}

interface Tally {
  written: number;
  /**
   * The records of a page that are in the work, and that the page before did not show: a record that comes in moves the
   * others, and one of them shows twice.
   */
  fresh(found: readonly DatedRecord[], work: IntervalSet): DatedRecord[];
  isSame(other: Tally): boolean;
  readonly sums: () => readonly [number, number, number];
}

/**
 * Which records of the work a pass has shown, in a few numbers that do not depend on the order. Others are not counted: on
 * a list that people write to there are new ones in each pass.
 */
function tally(): Tally {
  let count = 0;
  let low = 0;
  let high = 0;
  let before = new Set<string>();
  const own: Tally = {
    written: 0,
    fresh(found, work) {
      const fresh = found.filter(each => !before.has(each.resource.id) && isIn(each, work));
      before = new Set(found.map(({ resource }) => resource.id));
      for (const { resource } of fresh) {
        const [a, b] = hash(resource.id);
        count++;
        low = (low + a) >>> 0;
        high = (high + b) >>> 0;
      }
      return fresh;
    },
    isSame: other => own.sums().every((sum, n) => sum === other.sums()[n]),
    sums: () => [count, low, high],
  };
  return own;
}

/** Two independent 32-bit hashes (FNV-1a with two offsets). */
function hash(text: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let n = 0; n < text.length; n++) {
    a = Math.imul(a ^ text.charCodeAt(n), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(n), 0x85ebca6b);
  }
  return [a >>> 0, b >>> 0];
}

/** A record without a date that can be read is older than anything: it must not be lost. */
function isIn({ at }: DatedRecord, work: IntervalSet): boolean {
  if (Number.isNaN(at)) return work[0]?.from === 0;
  return work.some((part: Interval) => at >= part.from && at < part.to);
}
