// Entry of the post step: with `destination: none` the files count as published when the job has made use of them, so
// their state is saved here, and only when the job has succeeded until now (contract 6).
import * as core from '@actions/core';
import { asSyncError } from './errors.ts';
import { readContext } from './github/context.ts';
import { leftByMain } from './handover.ts';
import { jobStatus } from './inputs.ts';
import { log } from './log.ts';

try {
  const left = await leftByMain();
  if (left !== null && jobStatus() === 'success') {
    const { save } = await import('./github/cache.ts');
    await save(left.stateId, readContext(), left.document);
    log.info('The job has succeeded: the state is saved.');
  } else if (left !== null) {
    log.notice(
      'The job has not succeeded, so the state is not saved and the next run delivers the same records again.',
    );
  }
} catch (error) {
  const trouble = asSyncError(error);
  core.error(trouble.message, { title: 'kustomer-sync' });
  process.exitCode = 1;
}
process.exit(process.exitCode ?? core.ExitCode.Success);
