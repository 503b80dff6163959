// Where GitHub redirects to for the files of a commit. It takes no token but the one in the address.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { World } from './rest-call.ts';
import { type Answer, type Call, Refusal } from './server.ts';

const run = promisify(execFile);

export const CODELOAD = { operation: 'codeload.tarball', path: '/codeload' };

export async function archiveOf(world: World, { url, token }: Call): Promise<Answer> {
  const [, , id, commit = ''] = url.pathname.split('/');
  const repository = world.repositories.find(each => String(each.id) === id);
  const isAllowed = url.searchParams.get('token') === 'once' && token === undefined;
  if (repository === undefined || !isAllowed || !/^[0-9a-f]{40}$/.test(commit)) throw new Refusal(404, 'Not Found');
  const args = ['archive', '--format=tar.gz', `--prefix=${repository.name}/`, commit];
  const { stdout } = await run('git', args, { cwd: repository.dir, encoding: 'buffer', maxBuffer: 2 ** 30 });
  return { status: 200, headers: { 'content-type': 'application/x-gzip' }, body: stdout };
}
