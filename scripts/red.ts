// Shows that the tests named in docs/promises.md can fail: plants each bug of scripts/red/bugs.ts in a copy of this
// repository below tmp/, builds the action there, and runs the tests that are to find it. Takes about an hour.
//
//   npm run red                       all
//   npm run red -- --only PATTERN     the bugs whose names match a regular expression
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { namePattern, PROMISES, type Promised } from './promises.ts';
import { BUGS, type BugName } from './red/bugs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(join(root, 'tmp'), { recursive: true });
const copy = mkdtempSync(join(root, 'tmp/red-'));

const { only } = parseArgs({ options: { only: { type: 'string', default: '' } } }).values;
const wanted = PROMISES.filter(({ bug }) => new RegExp(only).test(bug));
const names = (Object.keys(BUGS) as BugName[]).filter(name => wanted.some(({ bug }) => bug === name));
makeCopy();
const red = new Set<Promised>();
for (const [n, name] of names.entries()) {
  const promises = wanted.filter(({ bug }) => bug === name);
  const undo = plant(name);
  const found = findings(promises);
  undo();
  console.log(`\n[${n + 1}/${names.length}] ${name}`);
  for (const promise of promises) {
    const why = found.get(promise);
    if (why !== undefined) red.add(promise);
    console.log(`  ${why === undefined ? 'GREEN' : 'red  '} ${promise.place}: ${promise.promise}`);
    if (why) console.log(`        ${why}`);
  }
}
rmSync(copy, { recursive: true });
const green = wanted.filter(promise => !red.has(promise));
if (green.length > 0) console.log('\nStayed green:');
for (const { place, promise, bug } of green) console.log(`  ${place}: ${promise} (${bug})`);
console.log(`\n${wanted.length} promises, ${red.size} red`);
process.exitCode = green.length === 0 ? 0 : 1;

/** The files that git knows or would add, with the packages of this repository. */
function makeCopy(): void {
  const listed = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root);
  for (const path of new Set(listed.split('\0').filter(each => each !== ''))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Plants a bug. @returns takes it out again */
function plant(name: BugName): () => void {
  const [path, find, replacement] = BUGS[name];
  const file = join(copy, path);
  const text = readFileSync(file, 'utf8');
  if (text.split(find).length !== 2) throw new Error(`${path} has not exactly one ${find}`);
  writeFileSync(
    file,
    text.replace(find, () => replacement),
  );
  if (path.startsWith('src/')) run(process.execPath, ['scripts/build.ts'], copy);
  else cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  return () => writeFileSync(file, text);
}

interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly ancestorTitles: readonly string[];
    readonly title: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

/** What the tests of some promises have to say: for each that has failed, how. */
function findings(promises: readonly Promised[]): Map<Promised, string> {
  const files = [...new Set(promises.map(({ file }) => file))];
  const pattern = promises.map(({ test }) => `(?:${test.map(namePattern).join('.{1,3}')})$`).join('|');
  const report = join(copy, 'tmp/report.json');
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...files, '--testNamePattern', pattern];
  rmSync(report, { force: true });
  spawnSync(process.execPath, [...args, '--maxWorkers=2', '--reporter=json', `--outputFile=${report}`], options(copy));
  const { testResults }: { testResults: readonly TestFile[] } = JSON.parse(readFileSync(report, 'utf8'));
  const found = new Map<Promised, string>();
  for (const promise of promises) {
    const name = new RegExp(`^${promise.test.map(namePattern).join('\0')}$`);
    const file = testResults.find(each => each.name.endsWith(promise.file));
    const tests = file?.assertionResults.filter(test => name.test([...test.ancestorTitles, test.title].join('\0')));
    if (!tests?.length) throw new Error(`No test was run for: ${promise.promise}`);
    const failed = tests.find(({ status }) => status === 'failed');
    // A hook that fails leaves the tests out.
    const isLeftOut = file?.status === 'failed' && tests.every(({ status }) => status !== 'passed');
    const message = failed?.failureMessages[0] ?? (isLeftOut ? file.message || 'A hook of the tests fails.' : '');
    // A slow machine is no bug.
    if (message && !/timed out in \d+ ?ms/.test(message))
      found.set(promise, message.replace(/\s+/g, ' ').slice(0, 150));
  }
  return found;
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, options(cwd));
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} has failed:\n${stdout}${stderr}`);
  return stdout;
}

function options(cwd: string) {
  const env = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|TEST)/.test(name));
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  return { cwd, env: { ...Object.fromEntries(env), PATH }, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
}
