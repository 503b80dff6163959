// Entry of the post step. Most main steps leave nothing to do, so what publishes is loaded when it is used.
import * as core from '@actions/core';
import { asSyncError } from './errors.ts';
import { readJournal } from './publish/journal.ts';
import { exit, log } from './report/log.ts';

try {
  const entry = await readJournal();
  if (entry !== null && entry.requests.length > 0) {
    const { finishInPost } = await import('./commands/post.ts');
    await finishInPost(entry, log);
  }
} catch (thrown) {
  const error = asSyncError(thrown);
  core.error(error.message, { title: `kustomer-sync: ${error.code}` });
  process.exitCode = 1;
}
await exit();
