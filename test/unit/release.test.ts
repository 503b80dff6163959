// A release: its files, made by scripts/release.ts, and the steps of release.yml that publish them, with a `gh` that only
// notes what it is asked to do.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildDist, differing } from '../../scripts/bundle/dist.ts';

const ROOT = join(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { version }: { version: string } = JSON.parse(text('package.json'));
const home = mkdtempSync(join(tmpdir(), 'release-'));
afterAll(() => rmSync(home, { recursive: true }));

interface Ended {
  readonly code: unknown;
  readonly output: string;
}

function run(command: string, args: readonly string[], env: Record<string, string> = {}, cwd = home): Promise<Ended> {
  return new Promise(resolve => {
    execFile(command, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, output: `${stdout}${stderr}` }),
    );
  });
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const makeFiles = (args: readonly string[], env?: Record<string, string>) =>
  run(process.execPath, [join(ROOT, 'scripts/release.ts'), ...args], env);

describe('the files', () => {
  const [one, other] = [join(home, 'one'), join(home, 'other')];
  const filesIn = (folder: string) =>
    new Map(
      ['assets/*', 'notes.md'].flatMap(each => globSync(each, { cwd: folder })).map(name => [name, read(folder, name)]),
    );
  const read = (folder: string, name: string) => readFileSync(join(folder, name));

  beforeAll(async () => {
    const both = await Promise.all([
      makeFiles(['--out', one], { TZ: 'UTC', LC_ALL: 'C' }),
      makeFiles(['--out', other], { TZ: 'Pacific/Chatham', LC_ALL: 'de_DE.UTF-8' }),
    ]);
    expect(both.map(({ code, output }) => (code === 0 ? '' : output))).toEqual(['', '']);
  });

  test('are the same bytes each time', () => {
    expect([...filesIn(one).keys()].sort()).toEqual([
      'assets/SHA256SUMS',
      'assets/kustomer-sync.cdx.json',
      'assets/kustomer-sync.tar',
      'notes.md',
    ]);
    for (const [name, bytes] of filesIn(one)) expect(bytes.equals(read(other, name)), name).toBe(true);
  });

  test('have the checksums that stand beside them', () => {
    const assets = ['kustomer-sync.cdx.json', 'kustomer-sync.tar'];
    const sums = assets.map(name => `${sha256(read(one, `assets/${name}`))}  ${name}\n`);
    expect(String(read(one, 'assets/SHA256SUMS'))).toBe(sums.join(''));
  });

  test('hold the action as it is committed', async () => {
    const inside = join(home, 'inside');
    mkdirSync(inside);
    expect(await run('tar', ['xf', join(one, 'assets/kustomer-sync.tar'), '-C', inside])).toEqual({
      code: 0,
      output: '',
    });
    const folder = join(inside, `kustomer-sync-${version}`);
    const names = globSync('**/*', { cwd: folder, withFileTypes: true }).filter(entry => entry.isFile());
    const paths = names.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
    expect(paths.filter(path => !path.startsWith('dist/'))).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'action.yml'].sort(),
    );
    expect(paths.length).toBeGreaterThan(30);
    for (const path of paths)
      expect(readFileSync(join(folder, path)).equals(readFileSync(join(ROOT, path))), path).toBe(true);
  });

  test('list exactly the packages that are in the bundle, with their licenses', () => {
    const { components }: { components: Component[] } = JSON.parse(String(read(one, 'assets/kustomer-sync.cdx.json')));
    const listed = components.map(({ name, version, licenses: [license] }) => {
      const terms = license?.expression ?? license?.license?.id ?? license?.license?.name;
      return `${name} ${version} (${terms})`;
    });
    const notices = text('dist/THIRD-PARTY-NOTICES').matchAll(/^(?:@[\w.-]+\/)?[\w.-]+ \d+\.\d+\.\d+\S* \(.*\)$/gm);
    expect(listed.toSorted()).toEqual([...notices].map(([line]) => line).sort());
    expect(listed.length).toBeGreaterThan(50);
  });

  test('are not made of a dist/ that src/ does not build', async () => {
    const { files } = await buildDist();
    expect(differing(files)).toEqual([]);
    const changed = new Map(files).set('main.mjs', Buffer.from('1')).set('new.mjs', Buffer.from('2'));
    changed.delete('post.mjs');
    expect(differing(changed).sort()).toEqual(['main.mjs', 'new.mjs', 'post.mjs']);
  });

  test.each([
    ['a tag of another version', 'v99.0.0', `The tag is v99.0.0, and package.json has ${version}.`],
    ['a tag without a v', version, `The tag is ${version}, and package.json has ${version}.`],
  ])('are not made for %s', async (_, tag, message) => {
    expect(await makeFiles(['--tag', tag, '--out', join(home, 'none')])).toEqual({ code: 1, output: `${message}\n` });
  });
});

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly { expression?: string; license?: { id?: string; name?: string } }[];
}

describe('publishing', () => {
  interface GitHub {
    readonly tag: string;
    /** What there is of this release before: nothing, a draft, or the release itself. */
    readonly before?: 'draft' | 'published';
    readonly mutable?: boolean;
    readonly tags: readonly string[];
  }

  const { jobs }: { jobs: Record<string, { steps: { name?: string; run?: string }[] }> } = parse(
    text('.github/workflows/release.yml'),
  );
  const script = (name: string) => jobs.publish?.steps.find(step => step.name === name)?.run ?? 'exit 99';

  /** What `gh` is asked to do, one line each, less what only looks. */
  async function publish({ tag, before, mutable = false, tags }: GitHub): Promise<{ asked: string[]; output: string }> {
    const folder = mkdtempSync(join(home, 'publish-'));
    mkdirSync(join(folder, 'release/assets'), { recursive: true });
    writeFileSync(join(folder, 'release/assets/a.tar'), '');
    writeFileSync(join(folder, 'gh'), GH);
    chmodSync(join(folder, 'gh'), 0o755);
    const env = {
      PATH: [folder, process.env.PATH].join(delimiter),
      GITHUB_REF_NAME: tag,
      GH_REPO: 'org/kustomer-sync',
      COMMIT: 'c0ffee',
      BEFORE: before === undefined ? '' : String(before === 'draft'),
      IMMUTABLE: String(!mutable),
      TAGS: tags.join('\n'),
    };
    let output = '';
    for (const step of ['Publish the release', 'Move the tag of the major version']) {
      const ended = await run('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script(step)], env, folder);
      output += ended.output;
      if (ended.code !== 0) break;
    }
    const log = globSync('asked', { cwd: folder }).map(name => readFileSync(join(folder, name), 'utf8'));
    return { asked: log.join('').trim().split('\n'), output };
  }

  const CREATE = (tag: string) =>
    `release create ${tag} --draft --verify-tag --title ${tag} --notes-file release/notes.md release/assets/a.tar`;
  const EDIT = (tag: string) => `release edit ${tag} --draft=false`;
  const MOVE = (tag: string) =>
    `api --method PATCH repos/org/kustomer-sync/git/refs/tags/${tag} -f sha=c0ffee -F force=true --silent`;

  test('the first release makes v1', async () => {
    const { asked } = await publish({ tag: 'v0.1.0', tags: ['v0.1.0'] });
    const make = 'api --method POST repos/org/kustomer-sync/git/refs -f ref=refs/tags/v1 -f sha=c0ffee --silent';
    expect(asked).toEqual([CREATE('v0.1.0'), EDIT('v0.1.0'), make]);
  });

  test('the next one moves it', async () => {
    const { asked } = await publish({
      tag: 'v1.10.0',
      tags: ['v0.1.0', 'v1', 'v1.2.0', 'v1.9.0', 'v1.10.0', 'v2.0.0'],
    });
    expect(asked).toEqual([CREATE('v1.10.0'), EDIT('v1.10.0'), MOVE('v1')]);
  });

  test('a fix of an older version does not move it back', async () => {
    const { asked, output } = await publish({ tag: 'v1.2.1', tags: ['v1', 'v1.2.1', 'v1.10.0'] });
    expect(asked).toEqual([CREATE('v1.2.1'), EDIT('v1.2.1')]);
    expect(output).toContain('v1 stays at v1.10.0.');
  });

  test('a new major version has a tag of its own', async () => {
    const { asked } = await publish({ tag: 'v2.0.1', tags: ['v1', 'v1.10.0', 'v2', 'v2.0.0', 'v2.0.1'] });
    expect(asked.at(-1)).toBe(MOVE('v2'));
  });

  test('an attempt after one that left a draft starts anew', async () => {
    const { asked } = await publish({ tag: 'v1.0.0', before: 'draft', tags: ['v1', 'v1.0.0'] });
    expect(asked).toEqual(['release delete v1.0.0 --yes', CREATE('v1.0.0'), EDIT('v1.0.0'), MOVE('v1')]);
  });

  test('an attempt after one that published only moves the tag', async () => {
    const { asked } = await publish({ tag: 'v1.0.0', before: 'published', tags: ['v1', 'v1.0.0'] });
    expect(asked).toEqual([MOVE('v1')]);
  });

  test('a release that can still be changed does not get the tag', async () => {
    const { asked, output } = await publish({ tag: 'v1.0.0', mutable: true, tags: ['v1', 'v1.0.0'] });
    expect(asked).toEqual([CREATE('v1.0.0'), EDIT('v1.0.0')]);
    expect(output).toContain('Release immutability');
  });
});

/** Answers what only looks, and notes the rest. */
const GH = `#!/usr/bin/env bash
case "$*" in
  'release view '*) [ -n "$BEFORE" ] && echo "$BEFORE" ;;
  *'/releases/tags/'*) echo "$IMMUTABLE" ;;
  *'/git/matching-refs/tags/v '*) echo "$TAGS" ;;
  *'/git/ref/tags/'*) grep -qx "$(sed 's|.*/tags/\\(v[0-9]*\\) .*|\\1|' <<< "$*")" <<< "$TAGS" ;;
  *) echo "$*" >> asked ;;
esac
`;
