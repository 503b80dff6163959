// The tool with which the Actions cache packs and unpacks entries. The library takes its failure for a miss.
import { execFile } from 'node:child_process';
import { codeOf, SyncError } from '../errors.ts';

const BUSYBOX = 'The `tar` of BusyBox does not do what the Actions cache needs, and there is no other';

/** @throws SyncError `tar-unusable` when there is no `tar`, or that of BusyBox, which lacks options that the library uses */
export async function requireTar(): Promise<void> {
  const problem = await new Promise<string>(done => {
    execFile('tar', ['--version'], (error, stdout, stderr) => {
      const isBusyBox = /busybox/i.test(stdout + stderr);
      done(codeOf(error) === 'ENOENT' ? 'There is no `tar`' : isBusyBox ? BUSYBOX : '');
    });
  });
  if (problem === '') return;
  throw new SyncError('tar-unusable', {
    what: `${problem} on this runner, so the state of this sync could not be kept in the Actions cache.`,
    todo: 'Install GNU tar before this step (in Alpine `apk add tar`), run the job without that container, or use `destination: branch`.',
  });
}
