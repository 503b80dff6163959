// Citations lead somewhere: `docs/<name>.md#heading` in code and workflows, and the relative links of the documents.
//
// A citation names a file and the slug that GitHub makes of a heading in it. So a reader can follow it, and a heading that
// is renamed or removed fails here until those who cite it are changed, too.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Text by its path in the repository. */
type Files = ReadonlyMap<string, string>;

const CITATION =
  /(?<![\p{L}\p{N}_/.-])(docs\/[\w-]+\.md|(?:README|CONTRIBUTING|SECURITY)\.md(?=#))(?:#([\p{L}\p{N}_-]*))?/gu;
/** A document by its name alone, where only a path from the root can be followed. */
const BARE = /(?<!docs\/)\b(?:kustomer-api|actions-platform)\.md(?!,? §?\d)/gi;
/** A number in place of a heading, or a document that is not in the repository. */
const NUMBERED = /\b(?:kustomer-api|actions-platform)(?:\.md)?,? §?\d[\d.]*|\bcontract,? §?\d[\d.]*|\banchors\.md/gi;
const LINK = /\[(?:[^[\]]|\[[^[\]]*\])*\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:[ \t]*(\S+)/gm;

/** What is wrong in some files, a line each. `exists` tells of paths that are not among them. */
function problems(files: Files, exists: (path: string) => boolean): string[] {
  const slugs = new Map([...files].filter(([path]) => isMarkdown(path)).map(([path, text]) => [path, slugsOf(text)]));
  /** Why a place cannot be reached; undefined when it can. */
  const lack = (path: string, slug: string | undefined): string | undefined => {
    if (!files.has(path) && !exists(path)) return 'no such file';
    if (slug !== undefined && slugs.get(path)?.has(slug) !== true) return 'no such heading';
    return undefined;
  };
  return [...files].flatMap(([path, text]) => {
    const found: { at: number; what: string; why: string | undefined }[] = [];
    for (const { index: at, 0: what, 1: target = '', 2: slug } of text.matchAll(CITATION)) {
      found.push({ at, what, why: lack(target, slug) });
    }
    for (const { index: at, 0: what } of text.matchAll(NUMBERED)) found.push({ at, what, why: 'not a citation' });
    if (isMarkdown(path)) {
      for (const { index: at, 1: inline, 2: defined } of withoutCode(text).matchAll(LINK)) {
        const what = inline ?? defined ?? '';
        if (/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(what)) continue;
        const [target = '', slug] = what.split('#');
        found.push({ at, what, why: lack(target === '' ? path : normalize(join(dirname(path), target)), slug) });
      }
    } else {
      for (const { index: at, 0: what } of text.matchAll(BARE)) found.push({ at, what, why: 'not from the root' });
    }
    const lineOf = (at: number) => text.slice(0, at).split('\n').length;
    return found.flatMap(({ at, what, why }) => (why === undefined ? [] : [`${path}:${lineOf(at)}: ${what}: ${why}`]));
  });
}

/** The anchors of a Markdown document, as GitHub makes them of its headings. */
function slugsOf(markdown: string): Set<string> {
  const slugs = new Set<string>();
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/gm)) {
    const slug = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)|<[^>]+>/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-');
    let free = slug;
    for (let n = 1; slugs.has(free); n++) free = `${slug}-${n}`;
    slugs.add(free);
  }
  return slugs;
}

function isMarkdown(path: string): boolean {
  return path.endsWith('.md');
}

/** The same text with blanks for what is no Markdown in it, so that all else stays in its place. */
function withoutFences(markdown: string): string {
  return markdown.replace(
    /^ {0,3}(```+|~~~+)[^\n]*\n[\s\S]*?(?:^ {0,3}\1[`~]*[ \t]*$|(?![\s\S]))|<!--[\s\S]*?-->/gm,
    blank,
  );
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, blank);
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

describe('in a small repository', () => {
  const guide = '# Guide\n\n## Rate limits\n\n```sh\n# not a heading\n```\n\n### `GET /v1` & more\n\n## Rate limits\n';
  const check = (path: string, text: string) =>
    problems(
      new Map([
        ['docs/guide.md', guide],
        ['README.md', '# It\n\n## Start [here](docs/guide.md)\n'],
        [path, text],
      ]),
      path => path === 'LICENSE' || path === 'examples',
    );

  test('headings have the slugs that GitHub gives them', () => {
    expect([...slugsOf(guide)]).toEqual(['guide', 'rate-limits', 'get-v1--more', 'rate-limits-1']);
    expect([...slugsOf('# Was ändert sich? ##\n## 1. Ein_Wort, **fett**\n#no heading')]).toEqual([
      'was-ändert-sich',
      '1-ein_wort-fett',
    ]);
  });

  test.each([
    ['src/a.ts', '// So it is (docs/guide.md#rate-limits, docs/guide.md#rate-limits-1), see README.md#start-here.'],
    ['src/a.ts', '// All of docs/guide.md. A README.md of others, https://example.test/docs/none.md#none'],
    ['docs/b.md', '[a](guide.md#rate-limits), [`b`](../README.md#start-here), [c](#own), [d](../LICENSE)\n# Own'],
    ['b.md', '[a](docs/guide.md "title") and [folder](examples), <https://example.test>, [x](https://example.test/#y)'],
    ['b.md', 'As code: `[a](none.md)` and\n```\n[a](none.md#none)\n```\n'],
  ])('nothing is wrong in %s: %j', (path, text) => {
    expect(check(path, text)).toEqual([]);
  });

  test.each([
    ['src/a.ts', '\n// (docs/guide.md#gone)', ['src/a.ts:2: docs/guide.md#gone: no such heading']],
    ['src/a.ts', '// docs/guide.md#\n// rate-limits', ['src/a.ts:1: docs/guide.md#: no such heading']],
    ['src/a.ts', '// docs/guide.md#not-a-heading', ['src/a.ts:1: docs/guide.md#not-a-heading: no such heading']],
    ['src/a.ts', '// docs/gone.md', ['src/a.ts:1: docs/gone.md: no such file']],
    ['src/a.ts', '// CONTRIBUTING.md#a', ['src/a.ts:1: CONTRIBUTING.md#a: no such file']],
    ['action.yml', '# README.md#end', ['action.yml:1: README.md#end: no such heading']],
    ['docs/b.md', '\n[a](gone.md)', ['docs/b.md:2: gone.md: no such file']],
    ['docs/b.md', '[a](guide.md#gone)', ['docs/b.md:1: guide.md#gone: no such heading']],
    ['docs/b.md', '[`a\nb`](#gone)', ['docs/b.md:1: #gone: no such heading']],
    ['docs/b.md', '[a](../LICENSE#x)', ['docs/b.md:1: ../LICENSE#x: no such heading']],
    ['docs/b.md', '[a]: ../none.md', ['docs/b.md:1: ../none.md: no such file']],
    ['docs/b.md', 'As in `docs/guide.md#gone`', ['docs/b.md:1: docs/guide.md#gone: no such heading']],
    ['src/a.ts', '// (contract 6)', ['src/a.ts:1: contract 6: not a citation']],
    ['src/a.ts', '// (anchors.md 0.1)', ['src/a.ts:1: anchors.md: not a citation']],
    ['src/a.ts', '/** Actions-platform.md 5.1: */', ['src/a.ts:1: Actions-platform.md 5.1: not a citation']],
    [
      'src/a.ts',
      '// (docs/kustomer-api.md 5)',
      ['src/a.ts:1: docs/kustomer-api.md: no such file', 'src/a.ts:1: kustomer-api.md 5: not a citation'],
    ],
    ['src/a.ts', '// see kustomer-api.md', ['src/a.ts:1: kustomer-api.md: not from the root']],
    ['README.md', 'See kustomer-api 5.4', ['README.md:1: kustomer-api 5.4: not a citation']],
  ])('wrong in %s: %j', (path, text, expected) => {
    expect(check(path, text)).toEqual(expected);
  });
});

describe('in this repository', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folders = '{src,test,scripts,bench,examples,docs,.github}/**/*.{ts,mjs,cjs,sh,yml,md}';
  const paths = [folders, '*.{ts,yml,md}']
    .flatMap(pattern => globSync(pattern, { cwd: root }))
    // The examples above are wrong on purpose.
    .filter(path => path !== 'test/unit/citations.test.ts');
  const files: Files = new Map(paths.sort().map(path => [path, readFileSync(join(root, path), 'utf8')]));

  test('every citation and every relative link leads to a heading that exists', () => {
    expect(problems(files, path => existsSync(join(root, path)))).toEqual([]);
  });

  test('citations are found where they are', () => {
    const citing = (folder: string) =>
      paths.filter(path => path.startsWith(folder) && (files.get(path) as string).search(CITATION) >= 0).length;
    expect(citing('src/')).toBeGreaterThan(10);
    expect(citing('test/world/')).toBeGreaterThan(10);
    expect(files.get('action.yml')).toContain('node24');
    expect(files.get('.github/workflows/sync.yml')).toContain('workflow_call');
  });
});
