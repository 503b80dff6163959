// The journal: what main has read and not published yet, on the disk, so that the post step can finish it. The runner starts
// the post step also when main was killed or cancelled.
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as core from '@actions/core';
import type { Context } from '../github/context.ts';
import { openMutex } from '../sync/mutex.ts';
import { parseState, serializeState } from '../sync/state-document.ts';
import type { DestinationSettings, PublishRequest } from './destination.ts';

export interface JournalEntry {
  readonly settings: DestinationSettings;
  /** `publish`: these requests, in this order. `save-state`: the files are used by now, the last request's state is not saved. */
  readonly todo: 'publish' | 'save-state';
  readonly requests: readonly PublishRequest[];
  /** The run is to start the next one once its state is saved. */
  readonly startsNextRun: boolean;
}

export type Journal = ReturnType<typeof openJournal>;

/** What the runner keeps for the post step. */
const SAVED_PATH = 'journal';

export function openJournal({ temp }: Context) {
  // Not in the output directory, which the next steps may empty.
  const path = join(temp || tmpdir(), `kustomer-sync-journal-${randomUUID()}.json`);
  let isAnnounced = false;
  let isPending = false;
  // A checkpoint and a publication may write side by side.
  const oneAtATime = openMutex();

  return {
    /** Replaces the entry at one stroke: a process that dies here leaves the old one or the new one. */
    write: (entry: JournalEntry) =>
      oneAtATime(async () => {
        await writeFile(`${path}.new`, JSON.stringify({ ...entry, requests: entry.requests.map(toJson) }));
        await rename(`${path}.new`, path);
        if (!isAnnounced) core.saveState(SAVED_PATH, path);
        isAnnounced = true;
        isPending = entry.requests.length > 0;
      }),
    /** Whether something is left for the post step. */
    isPending: () => isPending,
  };
}

/** What main left; null when it left nothing. */
export async function readJournal(): Promise<JournalEntry | null> {
  const path = core.getState(SAVED_PATH);
  if (path === '') return null;
  const entry = JSON.parse(await readFile(path, 'utf8')) as JournalEntry;
  return { ...entry, requests: entry.requests.map(fromJson) };
}

/** The generation of a state that is not saved yet does not count, and a document has at least 1. */
function toJson(request: PublishRequest): unknown {
  const { state } = request.change;
  const document = serializeState({ ...state, generation: Math.max(1, state.generation) });
  return { ...request, change: { ...request.change, state: document } };
}

function fromJson(request: PublishRequest): PublishRequest {
  const state = parseState(String(request.change.state), 'left by the main step');
  return { ...request, change: { ...request.change, state } };
}
