// Who may import whom. The rooms of the house are the folders of src/; a door that is not listed here is a wall.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));

interface Import {
  readonly from: string;
  /** A file below src, or the name of a package. */
  readonly to: string;
  readonly typesOnly: boolean;
}

const files = globSync('**/*.ts', { cwd: src }).sort();
const text = (file: string) => readFileSync(join(src, file), 'utf8');
const imports: Import[] = files.flatMap(file =>
  [
    ...text(file).matchAll(
      /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|^import\s+()'([^']+)'|\bimport\(()'([^']+)'\)/gm,
    ),
  ].map(match => {
    const to = match[2] ?? match[4] ?? match[6] ?? '';
    return {
      from: file,
      to: to.startsWith('.') ? relative(src, join(src, dirname(file), to)) : to,
      typesOnly: match[1] !== undefined,
    };
  }),
);
const room = (file: string) => (file.includes('/') ? dirname(file) : '');
const inRoom = (name: string) => imports.filter(({ from }) => room(from) === name);
const show = ({ from, to }: Import) => `${from} -> ${to}`;
const importersOf = (name: RegExp) => [...new Set(imports.filter(({ to }) => name.test(to)).map(({ from }) => from))];

/** Small pure files that every room may use; `sync` uses none but the errors. */
const everybodys = ['errors.ts', 'turns.ts', 'words.ts'];

test('every import of a file of src is seen, and leads to one that exists', () => {
  expect(imports.filter(({ to }) => to.endsWith('.ts') && !files.includes(to)).map(show)).toEqual([]);
  // As many as a plain count of the words gives, so that none escapes the pattern above.
  const words = files.flatMap(file => [...text(file).matchAll(/\bfrom '|\bimport\('|^import '/gm)]).length;
  expect(imports.length).toBe(words);
  expect(imports.length).toBeGreaterThan(80);
});

describe('the rooms', () => {
  test('sync imports nothing but itself and the errors; of the inputs only types', () => {
    const foreign = inRoom('sync').filter(
      ({ to, typesOnly }) => room(to) !== 'sync' && to !== 'errors.ts' && !(to === 'inputs.ts' && typesOnly),
    );
    expect(foreign.map(show)).toEqual([]);
  });

  test('sync does no I/O and has no clock, no chance and no environment of its own', () => {
    const guilty = files
      .filter(file => room(file) === 'sync')
      .filter(file =>
        /\b(?:Date\.now|performance\.|Math\.random|setTimeout|process\.|fetch\()|new Date\(\)/.test(text(file)),
      );
    expect(guilty).toEqual([]);
  });

  test('the pure files of the other rooms import nothing that does I/O', () => {
    const pure = [
      ...everybodys,
      'files/record.ts',
      'files/manifest.ts',
      'kustomer/retry.ts',
      'kustomer/json.ts',
      'kustomer/streams.ts',
    ];
    expect(pure.filter(file => !files.includes(file))).toEqual([]);
    const impure = imports.filter(
      ({ from, to }) => pure.includes(from) && (to.startsWith('node:') || !to.endsWith('.ts')),
    );
    expect(impure.map(show)).toEqual([]);
  });

  test('kustomer knows no file and no GitHub', () => {
    const foreign = inRoom('kustomer').filter(
      ({ to }) => to.endsWith('.ts') && !['kustomer', 'sync'].includes(room(to)) && !everybodys.includes(to),
    );
    expect(foreign.map(show)).toEqual([]);
    expect(
      inRoom('kustomer')
        .filter(({ to }) => /^node:(?:fs|child_process)/.test(to))
        .map(show),
    ).toEqual([]);
  });

  test('github knows nothing of kustomer', () => {
    expect(
      inRoom('github')
        .filter(({ to }) => room(to) === 'kustomer')
        .map(show),
    ).toEqual([]);
  });

  test('files knows no network and neither kustomer nor github', () => {
    const foreign = inRoom('files').filter(
      ({ to }) => to.endsWith('.ts') && !['files', 'sync'].includes(room(to)) && !everybodys.includes(to),
    );
    expect(foreign.map(show)).toEqual([]);
    expect(
      inRoom('files')
        .filter(({ to }) => /^node:(?:https?|net|tls|dns)/.test(to))
        .map(show),
    ).toEqual([]);
  });

  test('nobody imports an entry, and what is everybody’s imports nobody', () => {
    expect(imports.filter(({ to }) => to === 'main.ts' || to === 'post.ts').map(show)).toEqual([]);
    expect(imports.filter(({ from }) => everybodys.includes(from)).map(show)).toEqual([]);
  });
});

describe('a package is known to one file', () => {
  test.each([
    ['undici', ['kustomer/client.ts']],
    ['p-throttle', ['kustomer/budget.ts']],
    ['@octokit/rest', ['github/octokit.ts']],
    ['@actions/artifact', ['github/artifact.ts']],
    ['@actions/cache', ['github/cache.ts']],
    ['@actions/core', ['handover.ts', 'input.ts', 'log.ts', 'main.ts', 'post.ts', 'report.ts']],
  ])('%s to %j', (name, allowed) => {
    expect(importersOf(new RegExp(`^${name}(?:/|$)`))).toEqual(allowed);
  });

  test('and there are no others', () => {
    const known = /^(?:undici|p-throttle|@octokit\/rest|@actions\/(?:artifact|cache|core))$/;
    const others = imports.filter(({ to }) => !to.endsWith('.ts') && !to.startsWith('node:') && !known.test(to));
    expect(others.map(show)).toEqual([]);
  });
});

test('no import goes round in a circle', () => {
  const next = new Map(files.map(file => [file, imports.filter(({ from }) => from === file).map(({ to }) => to)]));
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const to of next.get(file) ?? []) if (to.endsWith('.ts')) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});
