// Who may import whom: the folders of src/ are floors, and imports lead down.
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
const show = ({ from, to }: Import) => `${from} -> ${to}`;
const importersOf = (name: RegExp) => [...new Set(imports.filter(({ to }) => name.test(to)).map(({ from }) => from))];

/**
 * The floors of the house: which folders a folder may import beside itself. Imports run one way, from the commands down to
 * the errors; a folder that is not listed here is not there.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  '': ['commands', 'config', 'publish', 'report', 'github', 'sync'],
  commands: ['config', 'publish', 'state', 'shards', 'report', 'records', 'schema', 'kustomer', 'github', 'sync'],
  config: ['publish', 'shards', 'kustomer', 'sync'],
  publish: ['state', 'report', 'records', 'schema', 'github', 'sync'],
  state: ['report', 'github', 'sync'],
  shards: ['records', 'kustomer', 'sync'],
  report: ['records'],
  records: ['sync'],
  schema: ['kustomer', 'sync'],
  kustomer: ['sync'],
  github: ['report'],
  sync: [],
};
const floorOf = (file: string) => (file.includes('/') ? (file.split('/')[0] as string) : '');

test('every import of a file of src is seen, and leads to one that exists', () => {
  expect(imports.filter(({ to }) => to.endsWith('.ts') && !files.includes(to)).map(show)).toEqual([]);
  // As many as a plain count of the words gives, so that none escapes the pattern above.
  const words = files.flatMap(file => [...text(file).matchAll(/\bfrom '|\bimport\('|^import '/gm)]).length;
  expect(imports.length).toBe(words);
  expect(imports.length).toBeGreaterThan(80);
});

describe('the floors', () => {
  test('every folder has its place, and nothing lies loose but the two entries and the errors', () => {
    expect([...new Set(files.map(floorOf))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
    expect(files.filter(file => floorOf(file) === '')).toEqual(['errors.ts', 'main.ts', 'post.ts']);
  });

  test.each(Object.entries(MAY_IMPORT))('%s imports only what lies below it', (folder, allowed) => {
    const foreign = imports.filter(
      ({ from, to }) =>
        floorOf(from) === folder &&
        to.endsWith('.ts') &&
        to !== 'errors.ts' &&
        ![folder, ...allowed].includes(floorOf(to)),
    );
    expect(foreign.map(show)).toEqual([]);
  });

  test('the errors import nothing, and nobody imports an entry', () => {
    expect(
      imports.filter(({ from, to }) => from === 'errors.ts' || to === 'main.ts' || to === 'post.ts').map(show),
    ).toEqual([]);
  });
});

describe('what a folder may touch', () => {
  test('sync does no I/O and has no clock, no chance and no environment of its own', () => {
    const guilty = files
      .filter(file => floorOf(file) === 'sync')
      .filter(file =>
        /\b(?:Date\.now|performance\.|Math\.random|setTimeout|process\.|fetch\()|new Date\(\)|'node:/.test(text(file)),
      );
    expect(guilty).toEqual([]);
  });

  test.each([
    ['kustomer', /^node:(?:fs|child_process)/],
    ['records', /^node:(?:https?|net|tls|dns)/],
    ['shards', /^node:(?:fs|https?|net|tls|dns|child_process)/],
    ['report', /^node:/],
    ['schema', /^node:/],
  ])('%s does not import %s', (folder, modules) => {
    expect(imports.filter(({ from, to }) => floorOf(from) === folder && modules.test(to)).map(show)).toEqual([]);
  });

  test.each([
    'records/record.ts',
    'records/manifest.ts',
    'report/format.ts',
    'report/progress.ts',
    'report/report.ts',
    'report/summary.ts',
    'kustomer/retry.ts',
    'kustomer/json.ts',
    'kustomer/streams.ts',
  ])('%s is pure', file => {
    expect(files).toContain(file);
    expect(imports.filter(({ from, to }) => from === file && !to.endsWith('.ts')).map(show)).toEqual([]);
  });
});

describe('a package is known to one file', () => {
  test.each([
    ['age-encryption', ['records/encryption.ts']],
    ['undici', ['github/request.ts', 'kustomer/client.ts']],
    ['p-throttle', ['kustomer/budget.ts']],
    ['@octokit/request', ['github/request.ts']],
    ['@actions/artifact', ['publish/artifact.ts']],
    ['@actions/cache', ['state/cache.ts']],
    ['@actions/core', ['config/given.ts', 'post.ts', 'publish/journal.ts', 'report/log.ts', 'report/show.ts']],
  ])('%s to %j', (name, allowed) => {
    expect(importersOf(new RegExp(`^${name}(?:/|$)`))).toEqual(allowed);
  });

  test('and there are no others', () => {
    const known = /^(?:undici|age-encryption|p-throttle|@octokit\/request|@actions\/(?:artifact|cache|core))$/;
    const others = imports.filter(({ to }) => !to.endsWith('.ts') && !to.startsWith('node:') && !known.test(to));
    expect(others.map(show)).toEqual([]);
  });
});

describe('what a stranger has to read', () => {
  test('is no file of more than 300 lines', () => {
    const long = files.filter(file => text(file).trimEnd().split('\n').length > 300);
    expect(long).toEqual([]);
  });

  test('is no function of more than 60 lines', () => {
    const long = files.flatMap(file => longFunctions(file).map(name => `${file}: ${name}`));
    // A table of requests, a row each.
    expect(long).toEqual(['github/rest.ts: openApi']);
  });

  /** Words of a language that nobody but its authors spoke: CONTRIBUTING.md#glossary has those that took their place. */
  const PRIVATE =
    /\b(?:crowd(?:s|ed)?|isCrowded|grain|senses|strangers|hasStrangers|patience|crew|openCrew|seats|keeper|keepSafe|handover|openHandover|unseen|cutBack|onBase|walkBoth|readWhole|hiddenKlasses|findHidden|othersBeside|goOnFrom|nothingPublished|fingerprints?|claims?|certain|ledger|strange|asking|ahead|aside)\b/gi;

  test('is none of the private words', () => {
    const found = files.flatMap(file => [...text(file).matchAll(PRIVATE)].map(([word]) => `${file}: ${word}`));
    expect(found).toEqual([]);
  });

  test('asks in one place which destination is set', () => {
    const asks = files.filter(file =>
      /destinations?\.(?:includes|split)|names\.includes|=== '(?:artifact|branch)'/.test(text(file)),
    );
    expect(asks).toEqual(['publish/choose.ts']);
  });
});

/** Names of the functions of a file that are longer than 60 lines, by their indentation: Biome formats every file. */
function longFunctions(file: string): string[] {
  const lines = text(file).split('\n');
  return lines.flatMap((line, n) => {
    const [, indent = '', name] =
      /^(\s*)(?:export )?(?:readonly )?(?:async )?(?:function\*? |const )?\*?(\w+)\b.*[{(]$/.exec(line) ?? [];
    const isDefinition = /\bfunction\b|=>|^\s*(?:async )?\*?\w+\(/.test(line);
    if (
      name === undefined ||
      !isDefinition ||
      /^(?:if|for|while|switch|return|await|expect|catch|else|try)$/.test(name)
    )
      return [];
    const opens = lines.findIndex((each, m) => m >= n && m < n + 12 && /(?:\)[^;]*|=>) \{$/.test(each));
    if (opens < 0) return [];
    const end = lines.findIndex((each, m) => m > opens && new RegExp(`^${indent}\\}`).test(each));
    return end - opens > 61 ? [name] : [];
  });
}

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

test('no name is exported twice: it would have two meanings', () => {
  const names = files.flatMap(file =>
    [...text(file).matchAll(/^export (?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm)].map(
      ([, name]) => name,
    ),
  );
  expect(names.length).toBeGreaterThan(300);
  expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
});
