// Entry of the post step.
import * as core from '@actions/core';
import { finishInPost } from './commands/post.ts';
import { asSyncError } from './errors.ts';
import { log } from './report/log.ts';

try {
  await finishInPost(log);
} catch (error) {
  core.error(asSyncError(error).message, { title: 'kustomer-sync' });
  process.exitCode = 1;
}
process.exit(process.exitCode ?? core.ExitCode.Success);
