// Entries of the Actions cache that hold a state. Only this file knows @actions/cache.
//
// Every save has a new key, and nothing is ever deleted (docs/actions-platform.md#cache-keys). The key ends with the
// generation, so of two runs that save the same generation the cache takes one and refuses the other. The path is the same
// relative one everywhere: its spelling is part of what the cache looks entries up by. It leads from a workspace of our own:
// what is in the user's is not in the way.
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as cache from '@actions/cache';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { withDeadline } from '../github/deadline.ts';
import { guardOutput } from '../report/log.ts';

const FOLDER = '.kustomer-sync';
/** For one call of the library, with its own retries. */
const DEADLINE_MS = 5 * 60_000;
/** Before a second look: the library reports a moment's outage as it reports a miss. */
const SECOND_LOOK_MS = 2_000;

/** A saved document, and the key of its entry. */
export interface CacheEntry {
  readonly text: string;
  readonly key: string;
}

/** @throws SyncError when a save at the end of the run cannot work, as far as that can be told at its start */
export function requireCache(): void {
  const mode = process.env.ACTIONS_CACHE_MODE ?? '';
  if (!cache.isFeatureAvailable()) {
    throw new SyncError('no-cache', {
      what: 'There is no Actions cache here, so the state of this sync could not be kept.',
      todo: 'Run the action on a runner that has one (a GitHub Enterprise Server needs it switched on).',
    });
  }
  if (mode === 'read' || mode === 'none' || mode === 'write-only') {
    throw new SyncError('cache-not-writable', {
      what: `This job may not ${mode === 'write-only' ? 'read from' : 'write to'} the Actions cache (\`cache-mode: ${mode}\`), so the state of this sync could not be kept.`,
      todo: 'Give the job `cache-mode: write`, and run it on `schedule`, `push` or `workflow_dispatch`.',
    });
  }
}

/** How often the library has said that it could not look, which it reports like a miss. */
let failedLookups = 0;

/** More than the longest state has, with all of it outside of ASCII. */
const MAX_BYTES = 256_000_000;

/** Whether the file of an entry can be read: no link, no pipe, and not without end. */
function isDocument(file: string): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size <= MAX_BYTES;
}

/** The entries of one state. */
export function openCacheEntries(stateName: string, { temp }: Context) {
  const path = `${FOLDER}/${stateName.replaceAll('..', '-')}/state.json`;
  const file = join(moveToOwnWorkspace(temp), path);
  // All keys of the state begin so. The prefix ends with a delimiter, so that it matches no other state's keys; names of
  // several parts (backfills, shards: see config/scope.ts) are set apart from those of one part.
  const prefix = `kustomer-sync${stateName.includes('/') ? '-' : '/'}${stateName}/`;

  /** The newest entry that this run can see, or null. A failure of the service looks like a miss. */
  async function restore(): Promise<CacheEntry | null> {
    rmSync(file, { force: true });
    try {
      const key = await withDeadline(DEADLINE_MS, cache.restoreCache([path], `${prefix}?`, [prefix]), undefined);
      // An entry without the file is read as an empty document, which is refused as any other damaged one.
      return key === undefined ? null : { text: isDocument(file) ? await readFile(file, 'utf8') : '', key };
    } finally {
      rmSync(file, { force: true });
    }
  }

  /**
   * What another run has saved since the entry `known` was restored or saved; null when nothing has.
   * @throws SyncError `cache-unreadable` when there is a newer entry and the cache does not hand it over
   */
  async function newerThan(known: string | null): Promise<CacheEntry | null> {
    const lookUp = () => cache.restoreCache([path], `${prefix}?`, [prefix], { lookupOnly: true });
    const newest = () => withDeadline(DEADLINE_MS, lookUp(), undefined);
    // Where not even the known entry is there, the service may be out for a moment.
    const key = (await newest()) ?? (known === null ? undefined : await later(newest));
    if (key === undefined || key === known) return null;
    const entry = (await restore()) ?? (await later(restore));
    if (entry === null) throw unreadableEntry(key);
    return entry;
  }

  /**
   * Saves a document under the key of its generation.
   * @param isRetry the same generation was refused before and nobody has saved it: the key belongs to a save that got lost
   * @returns the key; null when the cache did not take the entry
   */
  async function put(text: string, generation: number, isRetry: boolean): Promise<string | null> {
    const key = `${prefix}${generation}${isRetry ? `-${randomBytes(4).toString('hex')}` : ''}`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return (await withDeadline(DEADLINE_MS, cache.saveCache([path], key), -1)) > 0 ? key : null;
    } finally {
      rmSync(file, { force: true });
    }
  }

  return { prefix, restore, newerThan, put };
}

/** As `restore`; `isMissing` tells a miss from a failure, as far as the library says which it is. */
export async function findEntry({ restore }: ReturnType<typeof openCacheEntries>) {
  const before = failedLookups;
  const entry = await restore();
  return { entry, isMissing: entry === null && failedLookups === before };
}

async function later<T>(look: () => Promise<T>): Promise<T> {
  await sleep(SECOND_LOOK_MS);
  return look();
}

export function unreadableEntry(key: string): SyncError {
  return new SyncError('cache-unreadable', {
    what: `The Actions cache has a saved state (${key}) and did not hand it over.`,
    todo: 'Run again later. If it stays: the entry was saved on another operating system or without zstd; run there, delete it, or run once with `reset-state: true`.',
  });
}

/**
 * The library unpacks whatever an entry has, also to absolute paths, and an entry may be anybody's who may write to the cache.
 * So GNU tar keeps all names and targets of links below the folder that it unpacks to (docs/actions-platform.md#cache-contents).
 */
const STAY_INSIDE = '--transform=s,[.][.],__,g;s,^/*,,';

let ownWorkspace: string | undefined;

/**
 * Prepares the process for the library, which knows a workspace by the environment, and its glob by the current directory. All
 * other paths are absolute.
 */
function moveToOwnWorkspace(temp: string): string {
  if (ownWorkspace !== undefined) return ownWorkspace;
  ownWorkspace = realpathSync(mkdtempSync(join(temp || tmpdir(), 'kustomer-sync-cache-')));
  process.env.GITHUB_WORKSPACE = ownWorkspace;
  process.env.TAR_OPTIONS = `${process.env.TAR_OPTIONS ?? ''} ${STAY_INSIDE}`.trim();
  process.chdir(ownWorkspace);
  guardOutput(line => {
    if (/^::(?:warning|error)::Failed to restore: /.test(line)) failedLookups++;
  });
  return ownWorkspace;
}
