// Names that git or GitHub would refuse are refused with the inputs, before anything is read.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { branchName, dataFolder, repositoryName } from '../../src/config/kinds.ts';
import { LONG } from '../forms.ts';

/** Names as somebody may write them who knows the rules of git, or does not. */
const name = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', '.', '..', '/', '.lock', '@', '{', '-', ' ', '~', '^', ':', '?', '*', '[', '\\'),
      fc.constantFrom('.git', '.GIT', 'git~1', '\u200c', '\x7f', '\t', 'HEAD', 'refs/heads/', 'é', 'b/c'),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map(parts => parts.join(''));

describe('the name of a branch', () => {
  test('is accepted only if git accepts it', { timeout: 30_000 }, () => {
    const isOfGit = (text: string) => spawnSync('git', ['check-ref-format', '--branch', text]).status === 0;
    fc.assert(
      fc.property(name, text => {
        const parsed = branchName.parse(text);
        fc.pre(parsed !== undefined);
        expect(isOfGit(parsed)).toBe(true);
      }),
      { numRuns: LONG ? 1_000 : 20 },
    );
  });

  test.each(['main', 'kustomer-data', 'a/b.c', 'a.locked/b', 'é', 'a@b', 'refs/heads/x', 'a{b', 'a'.repeat(200)])(
    'may be %j',
    text => expect(branchName.parse(text)).toBe(text.replace('refs/heads/', '')),
  );

  test.each([
    ...['a/.b', 'a.lock/b', 'b.lock', 'a..b', 'a@{b', '@', 'HEAD', '-a', 'a/', '/a', 'a//b', 'a.', '.a', 'a b'],
    ...[
      'a~b',
      'a^',
      'a:b',
      'a?',
      'a*',
      'a[',
      'a\\b',
      'a\x7f',
      'a\nb',
      'refs/tags/v1',
      'a'.repeat(300),
      'AB'.repeat(20),
    ],
  ])('may not be %j', text => expect(branchName.parse(text)).toBeUndefined());
});

describe('the folder of the data', () => {
  test('is accepted only if git accepts it', { timeout: 30_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'folder-'));
    execFileSync('git', ['init', '--quiet'], { cwd: folder });
    const settings = ['-c', 'core.protectHFS=true', '-c', 'core.protectNTFS=true'];
    const isOfGit = (text: string) => {
      const entry = `100644,${'1'.repeat(40)},${text}/x`;
      return (
        spawnSync('git', [...settings, 'update-index', '--add', '--cacheinfo', entry], { cwd: folder }).status === 0
      );
    };
    expect([isOfGit('data'), isOfGit('.Git'), isOfGit('a/git~1')]).toEqual([true, false, false]);
    fc.assert(
      fc.property(name, text => {
        fc.pre(dataFolder.parse(text) !== undefined);
        execFileSync('git', ['read-tree', '--empty'], { cwd: folder });
        expect(isOfGit(text)).toBe(true);
      }),
      { numRuns: LONG ? 1_000 : 20 },
    );
    rmSync(folder, { recursive: true });
  });

  test.each(['data', 'kustomer/raw', 'a b', '.data', 'data/state.json', '.gitx', 'a/.github', 'git~10'])(
    'may be %j',
    text => expect(dataFolder.parse(text)).toBe(text),
  );

  test.each([
    ...[
      '.git',
      'a/.git/b',
      '.GIT',
      '.git.',
      '.git . ',
      'git~1',
      'GIT~1 ',
      '.g\u200cit',
      '.',
      '..',
      'a/../b',
      '/a',
      'a/',
    ],
    ...['a//b', 'a\\b', 'a:b', 'a\nb', 'README.md', 'readme.md/x', 'state.json', 'State', 'schema', 'ids', 'views.sql'],
    ...['.gitattributes', '.github/workflows', '.GitHub', 'é'.repeat(130)],
  ])('may not be %j', text => expect(dataFolder.parse(text)).toBeUndefined());
});

describe('the name of a repository', () => {
  test.each(['acme/data', 'Acme-1/.github', 'a_b/a..b', ''])('may be %j', text =>
    expect(repositoryName.parse(text)).toBe(text),
  );

  test.each([
    ...['../user', 'a/..', 'a/.', './a', 'acme', 'acme/', '/data', 'a/b/c', '-a/b', 'a.b/c', 'a/b c', 'a/b?x', 'a/b#x'],
    ...['a%2f/b', 'a/b\n', `${'a'.repeat(40)}/b`, `a/${'b'.repeat(101)}`, 'https://github.com/acme/x'],
  ])('may not be %j', text => expect(repositoryName.parse(text)).toBeUndefined());
});
