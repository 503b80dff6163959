// The documents say what is there: error codes, commands, files. And the README stays short.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf, README_PICTURES, stampOf } from '../../scripts/pictures/readme.ts';
import { THEMES } from '../../scripts/pictures/renderer.ts';
import { ANNOTATION_ROWS } from '../../scripts/troubleshooting.ts';
import { ERRORS } from '../../src/errors.ts';
import { DOCUMENTS, ROOT } from './documents.ts';

const text = (path: string) => DOCUMENTS.get(path) ?? '';

test('the README stays under 1,800 words, its tables included', () => {
  // Counted as `wc -w` does.
  expect(text('README.md').trim().split(/\s+/).length).toBeLessThan(1_800);
});

describe('the pictures of the README', () => {
  const pictures = README_PICTURES.flatMap(({ path, text }) =>
    THEMES.map(theme => [`${relative(ROOT, path)}-${theme}.png`, text] as const),
  );

  test.each(pictures)('%s is there, is small, and shows what the action says now', (path, shown) => {
    expect(text('README.md')).toContain(path);
    const png = readFileSync(join(ROOT, path));
    expect(png.length).toBeLessThan(150_000);
    // Where they differ: npm run pictures -- README
    expect(stampOf(png)).toBe(digestOf(shown));
  });

  test('are all that there are', () => {
    const files = readdirSync(join(ROOT, 'docs/pictures')).map(name => `docs/pictures/${name}`);
    expect(files.sort()).toEqual(pictures.map(([path]) => path).sort());
  });
});

describe('docs/troubleshooting.md', () => {
  const [, errors = ''] = text('docs/troubleshooting.md')
    .split(/^## /m)
    .filter(part => /^Errors|^# /.test(part));
  const rows = [...errors.matchAll(/^\| `([\w-]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];

  test('has a row for each error code, and none for a code that is gone', () => {
    expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(ERRORS).sort());
  });

  test('says in each row what the error means and what to do', () => {
    const short = rows.filter(
      ([, , , meaning = '', todo = '']) => !/^[A-Z*].+\.$/.test(meaning) || !/^[A-Z*].+\.$/.test(todo),
    );
    expect(short.map(([, code]) => code)).toEqual([]);
  });
});

describe('what docs/troubleshooting.md says is what the action says', () => {
  const folders = ['action', 'unit'].map(name => join(ROOT, 'test', name));
  const tests = folders
    .flatMap(folder => readdirSync(folder).map(name => join(folder, name)))
    .filter(path => path.endsWith('.test.ts'))
    .map(path => readFileSync(path, 'utf8'))
    .join('\n');
  /** The names that calls of a function have among their arguments, or in a table whose rows it is called with. */
  const namesIn = (call: RegExp) =>
    [...tests.matchAll(call)].flatMap(([text]) => text.match(/(?<=')[\w-]+(?=')/g) ?? []);

  test('of each error, in a test that reaches it', () => {
    const reached = new Set(namesIn(/(?:expectError|expectSaid|onlyError|refused)\([^;]*;|^ {4}\[\s*'[\w-]+',\s*\{/gm));
    expect(Object.keys(ERRORS).filter(code => !reached.has(code))).toEqual([]);
  });

  test('of each warning and notice, in a test that reaches it', () => {
    const reached = new Set(namesIn(/expectAnnotation\([^;]*;/g));
    expect(Object.keys(ANNOTATION_ROWS).filter(name => !reached.has(name))).toEqual([]);
  });
});

describe('what the documents name is there', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const matches = (pattern: RegExp) =>
    [...DOCUMENTS].flatMap(([path, markdown]) =>
      [...markdown.matchAll(pattern)].map(([, name = '']) => ({ path, name })),
    );
  const missing = (found: readonly { path: string; name: string }[], exists: (name: string) => boolean) =>
    found.filter(({ name }) => !exists(name)).map(({ path, name }) => `${path}: ${name}`);

  test('commands', () => {
    const commands = matches(/\b(npm run [\w:-]+)/g);
    expect(commands.length).toBeGreaterThan(20);
    expect(missing(commands, name => name.replace('npm run ', '') in scripts)).toEqual([]);
  });

  test('every command of package.json is in CONTRIBUTING', () => {
    const told = (name: string) => new RegExp(`npm (?:run )?${name}[\`\\s]`).test(text('CONTRIBUTING.md'));
    expect(Object.keys(scripts).filter(name => !told(name))).toEqual([]);
  });

  test('files and folders', () => {
    const paths = matches(/`((?:src|test|scripts|bench|docs|examples|dist|\.github|\.ci)\/[\w./-]*)`/g);
    expect(paths.length).toBeGreaterThan(20);
    // The workflow that a reader is to add is the reader's.
    const ours = paths.filter(({ name }) => name !== '.github/workflows/kustomer.yml');
    expect(missing(ours, name => existsSync(join(ROOT, name)))).toEqual([]);
  });

  test('modules of src', () => {
    const modules = matches(
      /`((?:commands|config|github|kustomer|publish|records|report|schema|shards|state|sync)\/[\w-]+)`/g,
    );
    expect(modules.length).toBeGreaterThan(5);
    expect(missing(modules, name => existsSync(join(ROOT, 'src', `${name}.ts`)))).toEqual([]);
  });

  test('names of CONTRIBUTING, in the file that the text gives for them', () => {
    const recipes = text('CONTRIBUTING.md').replace(/\s+/g, ' ');
    const named = [
      ...recipes.matchAll(/((?:`\w+`, (?:for a search )?)*(?:and )?`\w+`) (?:in|from|to `\w+` in) `([\w./-]+\.ts)`/g),
    ];
    const gone = named.flatMap(([, names = '', file = '']) =>
      [...names.matchAll(/`(\w+)`/g)]
        .filter(([, name = '']) => !new RegExp(`\\b${name}\\b`).test(readFileSync(join(ROOT, file), 'utf8')))
        .map(([name]) => `${name} in ${file}`),
    );
    expect(named.length).toBeGreaterThan(15);
    expect(gone).toEqual([]);
  });
});
