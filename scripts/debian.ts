// Packages of Debian, which are fetched and unpacked into a folder. That needs no root, and installs nothing.
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** @param folder gets the files of the packages below it, as `/` would */
export function unpack(names: readonly string[], folder: string): void {
  const cwd = join(folder, 'packages');
  mkdirSync(cwd, { recursive: true });
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd, stdio: 'pipe' });
  run('apt-get', 'download', ...names);
  for (const file of globSync('*.deb', { cwd })) run('dpkg', '-x', file, folder);
}
