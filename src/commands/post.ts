// The post step: publishes what main has read and could not publish, or saves the state of files that the job has used.
import { setTimeout as sleep } from 'node:timers/promises';
import { given, maskSecret } from '../config/given.ts';
import { SyncError } from '../errors.ts';
import { readContext } from '../github/context.ts';
import { chooseDestination } from '../publish/choose.ts';
import { emptyReceipt, type Receipt } from '../publish/destination.ts';
import type { JournalEntry } from '../publish/journal.ts';
import { continueFrom } from '../publish/publisher.ts';
import { truncateToCheckpoint } from '../records/integrity.ts';
import { plural } from '../report/format.ts';
import { endSection, type Log, openSection } from '../report/log.ts';
import { startNext } from './auto-continue.ts';
import { openGitHub } from './prepare.ts';

/** A cancelled job is ended five minutes after the cancel, whatever runs then (docs/actions-platform.md#cancellation). */
const MAX_MS = 3 * 60_000;

/** @throws SyncError */
export async function finishInPost(entry: JournalEntry, log: Log): Promise<void> {
  openSection('Publish');
  const work = entry.todo === 'publish' ? publish(entry, log) : saveState(entry, log);
  await Promise.race([work, timeout(MAX_MS)]).finally(endSection);
}

async function publish({ settings, requests }: JournalEntry, log: Log): Promise<void> {
  const { destination } = open(settings, log);
  let last: Receipt | undefined;
  const refused = new Map<string, SyncError>();
  for (const each of requests) {
    const request = last === undefined ? each : continueFrom(each, last);
    log.info(`Publishing what the main step had read and did not publish: ${plural(request.files.length, 'file')}.`);
    await truncateToCheckpoint(request.directory, request.files);
    last = emptyReceipt(request.base);
    await destination.publish(request, last);
    for (const [stream, error] of last.refused) refused.set(stream, error);
  }
  if (last?.stateSaved && last.state !== null) log.info(`State generation ${last.state.generation} saved.`);
  for (const error of refused.values()) throw error;
}

/** The files of `destination: none` count as published when the job has used them (docs/design.md#the-life-of-the-state). */
async function saveState({ settings, requests, startsNextRun }: JournalEntry, log: Log): Promise<void> {
  if (given('job-status').trim() !== 'success') {
    log.notice(
      'The job has not succeeded, so the state is not saved and the next run delivers the same records again. Look at the step that failed.',
    );
    return;
  }
  const { destination, context, api } = open(settings, log);
  for (const request of requests) await destination.saveState(request, emptyReceipt(request.base));
  log.info('The job has succeeded: the state is saved.');
  if (startsNextRun) await startNext({ context, api, log });
}

function open(settings: JournalEntry['settings'], log: Log) {
  const context = readContext();
  const api = openGitHub(context, maskSecret('github-token'), log);
  return { context, api, destination: chooseDestination({ ...settings, context, api, log }) };
}

/** @throws SyncError `post-step-timeout` */
export async function timeout(ms: number): Promise<never> {
  await sleep(ms);
  throw new SyncError('post-step-timeout', {
    what: 'What had been read could not be published within three minutes after the end of the main step.',
    todo: 'Run again: the next run goes on from the last saved state.',
  });
}
