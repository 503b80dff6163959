// Mutation testing of the pure files: the window algebra, the state, the plan, the tie logic and what is handed on.
// Stryker brings some 200 packages, so it is not part of `npm ci`; it is put into the git-ignored tmp/ the first time it
// is asked for, beside a copy of the sources and of the tests that need no socket.
//
//   npm run mutation                                          prints what survived, and the score
//   npm run mutation -- --mutate src/sync/tie-reader.ts            the same of one file
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const STRYKER = '10.1.1';
const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, 'tmp', 'stryker');
const program = join(home, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');

/** Tests that run in milliseconds and open no socket. */
const TESTS = [
  'test/unit/intervals.test.ts',
  'test/unit/state.test.ts',
  'test/unit/state-checks.test.ts',
  'test/unit/next-state.test.ts',
  'test/unit/read-list.test.ts',
  'test/unit/seed.test.ts',
  'test/unit/emitter.test.ts',
  'test/exact/trace.test.ts',
  'test/exact/keyset-reader.test.ts',
  'test/exact/tie-reader.test.ts',
  'test/exact/plan.test.ts',
  'test/exact/backfill-plan.test.ts',
  'test/exact/synced-ranges.test.ts',
];

/** The version of a package that the lock file has. */
function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

async function fetchStryker(): Promise<void> {
  if (existsSync(program)) return;
  console.log(`Fetching Stryker ${STRYKER} into tmp/stryker (once) ...`);
  await mkdir(home, { recursive: true });
  // A package.json of its own keeps npm from taking the one above for the project to install into.
  await writeFile(join(home, 'package.json'), '{"private":true,"type":"module"}\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const packages = [
    `@stryker-mutator/core@${STRYKER}`,
    `@stryker-mutator/vitest-runner@${STRYKER}`,
    ...['vitest', 'fast-check'].map(name => `${name}@${versionOf(name)}`),
  ];
  const args = ['install', '--no-save', '--prefix', home, ...packages, '--ignore-scripts'];
  const install = spawnSync(npm, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (install.status !== 0 || !existsSync(program)) throw new Error(`npm could not install Stryker ${STRYKER}`);
}

await fetchStryker();
for (const folder of ['src', 'test']) {
  await rm(join(home, folder), { recursive: true, force: true });
}
await cp(join(root, 'src'), join(home, 'src'), { recursive: true });
await cp(join(root, 'test/world'), join(home, 'test/world'), { recursive: true });
for (const test of [...TESTS, 'test/exact/tiny-search.ts', 'test/forms.ts'])
  await cp(join(root, test), join(home, test));
await cp(join(root, 'stryker.config.json'), join(home, 'stryker.config.json'));
// Fewer cases of each property: a mutant is killed by the first few, or by a test made for it.
await writeFile(
  join(home, 'vitest.config.ts'),
  `export default { test: { include: ${JSON.stringify(TESTS)}, testTimeout: 30_000, env: { FEWER_CASES: '1' } } };\n`,
);

const run = spawnSync(process.execPath, [program, 'run', ...process.argv.slice(2)], { cwd: home, stdio: 'inherit' });
process.exit(run.status ?? 1);
