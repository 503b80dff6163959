// The tables behind docs/promises.md: each promise is made where they say, has a test of the action, and a bug that
// shows that the test can fail (npm run red).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { namePattern, OWN, PROMISES } from '../../scripts/promises.ts';
import { BUGS } from '../../scripts/red/bugs.ts';
import { ROOT } from './documents.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** Tests of files: of what is in the repository, and not of what the action does. */
const OF_FILES = /^test\/unit\/(?:release|supply-chain)\.test\.ts$/;
/** Tests of more cases than an action can be run with: each value at each place of a state, each name that git refuses. */
const OF_MANY_CASES = /^test\/unit\/(?:git-names|poisoned-state)\.test\.ts$/;

/** The texts that calls begin with, and whether only the long form makes the call (test/forms.ts). */
function titlesIn(path: string): { name: string; isLong: boolean }[] {
  const text = read(path);
  return [...text.matchAll(/(\w*\)?)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|`([^`\n]*)`|"([^"\n]*)")/g)].map(match => {
    const { index, 1: called = '', 2: single, 3: template, 4: double } = match;
    // Of a table, the call is that of what `each` has made.
    const of =
      called === ')'
        ? (text
            .slice(0, index)
            .match(/\w+(?=\.each)/g)
            ?.at(-1) ?? '')
        : called;
    const name = single?.replace(/\\(.)/g, '$1') ?? template ?? double ?? '';
    return { name, isLong: of.startsWith('long') };
  });
}

/** Whether a file imports another one, itself or by what it imports. */
function reaches(path: string, target: string, seen = new Set<string>()): boolean {
  if (path === target) return true;
  if (seen.has(path) || !existsSync(join(ROOT, path))) return false;
  seen.add(path);
  const imported = [...read(path).matchAll(/from '(\.[^']+)'/g)].map(([, to = '']) => join(dirname(path), to));
  return imported.some(each => reaches(each, target, seen));
}

const plain = (text: string) => text.replace(/\s+/g, ' ');
const files = [...new Set(PROMISES.map(({ file }) => file))].sort();

describe.each(files)('%s', file => {
  test('runs the committed action', () => {
    if (!OF_FILES.test(file) && !OF_MANY_CASES.test(file)) expect(reaches(file, 'test/world/stage.ts')).toBe(true);
  });

  test('has the tests that promises name, in the short form', () => {
    const titles = titlesIn(file);
    const isThere = (name: string) =>
      titles.some(each => !each.isLong && new RegExp(`^${namePattern(each.name)}$`).test(name));
    const missing = PROMISES.filter(each => each.file === file && !each.test.every(isThere));
    expect(missing.map(each => each.test.join(' > '))).toEqual([]);
  });
});

describe('a promise', () => {
  const places = [...new Set(PROMISES.map(({ place }) => place))].filter(place => place !== OWN);

  test.each(places)('of %s stands there', place => {
    const text = plain(read(place));
    const promises = PROMISES.filter(each => each.place === place && !text.includes(plain(each.promise)));
    expect(promises.map(({ promise }) => promise)).toEqual([]);
  });

  test('is made once in a place', () => {
    const made = PROMISES.map(({ place, promise }) => `${place}: ${promise}`);
    expect(made.filter((each, n) => made.indexOf(each) !== n)).toEqual([]);
  });
});

describe('what promises something has a row', () => {
  const covered = (place: string, text: string) =>
    PROMISES.some(each => each.place === place && plain(text).includes(plain(each.promise)));
  /** The items of the lists in some sections of a document. */
  const itemsOf = (path: string, sections: RegExp) =>
    read(path)
      .split(/^## /m)
      .filter(section => sections.test(section))
      .flatMap(section => section.match(/^\* .*\n(?: {2}.*\n)*/gm) ?? []);

  test('each input and each output', () => {
    const rows = read('docs/inputs.md').match(/^\| `.*$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter(row => !covered('docs/inputs.md', row))).toEqual([]);
  });

  test('each invariant of SECURITY.md', () => {
    const rows = read('SECURITY.md').match(/^\| \d+ \|.*$/gm) ?? [];
    expect(rows.filter(row => !covered('SECURITY.md', row))).toEqual([]);
  });

  test('what the README promises, and its limits', () => {
    const items = itemsOf('README.md', /^(?:What you get|Permissions|What it promises|Limits)\n/);
    expect(items.length).toBeGreaterThan(15);
    const left = items.filter(item => !covered('README.md', item)).map(item => item.slice(0, 16));
    // What a runner needs is no promise of ours.
    expect(left).toEqual(['* **Runners** ne']);
  });
});

describe('a planted bug', () => {
  test.each(Object.entries(BUGS))('%s: can be planted', (_name, [path, find, replacement]) => {
    expect(read(path).split(find)).toHaveLength(2);
    expect(replacement).not.toBe(find);
  });

  test('is there for a promise', () => {
    const used = new Set<string>(PROMISES.map(({ bug }) => bug));
    expect(Object.keys(BUGS).filter(name => !used.has(name))).toEqual([]);
  });
});
