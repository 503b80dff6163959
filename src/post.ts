// Entry of the post step. What main has read and did not live to publish is published from the disk; with `destination:
// none` the files count as published when the job has made use of them, so their state is saved here, and only when the
// job has succeeded until now (docs/design.md#the-life-of-the-state).
import { setTimeout as sleep } from 'node:timers/promises';
import * as core from '@actions/core';
import { startNext } from './commands/auto-continue.ts';
import { githubToken, jobStatus } from './config/given.ts';
import { USER_AGENT } from './config/version.ts';
import { asSyncError, SyncError } from './errors.ts';
import { type Context, readContext } from './github/context.ts';
import type { Api } from './github/rest.ts';
import { leftByMain, leftUnpublished } from './publish/journal.ts';
import {
  goOnFrom,
  type Means,
  nothingPublished,
  othersBeside,
  type Publication,
  type Published,
  publish,
  saveState,
} from './publish/publish.ts';
import { truncateToCheckpoint } from './records/integrity.ts';
import { count } from './report/format.ts';
import { log } from './report/log.ts';

/** A cancelled job is ended five minutes after the cancel, whatever runs then. */
const WITHIN_MS = 3 * 60_000;

async function openGitHub(context: Context): Promise<Api> {
  const { openApi } = await import('./github/rest.ts');
  return openApi(context, githubToken(), USER_AGENT, log);
}

async function publishLeftOver(): Promise<void> {
  const left = await leftUnpublished();
  if (left === null || left.publications.length === 0) return;
  const context = readContext();
  const means: Means = { target: left.target, context, api: () => openGitHub(context), log };
  let before: { publication: Publication; done: Published } | undefined;
  for (const each of left.publications) {
    const done = nothingPublished();
    const publication = before ? goOnFrom(each, before.done, othersBeside(before.publication, before.done)) : each;
    log.info(`Publishing what the main step had read and did not publish: ${count(each.files.length, 'file')}.`);
    await truncateToCheckpoint(each.directory, each.files);
    await publish(publication, means, done);
    before = { publication, done };
  }
  if (before?.done.stateSaved) log.info(`State generation ${before.done.state?.generation} saved.`);
}

async function saveStateOfUsedFiles(): Promise<void> {
  const left = await leftByMain();
  if (left === null) return;
  if (jobStatus() === 'success') {
    const context = readContext();
    const { stateName, state, cacheKey } = left;
    const done = { ...nothingPublished(), cacheKey };
    await saveState({ target: { stateName, destinations: [] }, context, log }, state, done);
    log.info('The job has succeeded: the state is saved.');
    if (left.continues) await startNext(context, () => openGitHub(context), log);
  } else {
    log.notice(
      'The job has not succeeded, so the state is not saved and the next run delivers the same records again.',
    );
  }
}

async function outOfTime(): Promise<never> {
  await sleep(WITHIN_MS);
  throw new SyncError('post-step-timeout', {
    what: 'What had been read could not be published within three minutes after the end of the main step.',
    todo: 'Run again: the next run goes on from the last saved state.',
  });
}

try {
  await Promise.race([publishLeftOver().then(saveStateOfUsedFiles), outOfTime()]);
} catch (error) {
  const trouble = asSyncError(error);
  core.error(trouble.message, { title: 'kustomer-sync' });
  process.exitCode = 1;
}
process.exit(process.exitCode ?? core.ExitCode.Success);
