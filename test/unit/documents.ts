/** The documents of this repository, and the code blocks in them. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Markdown by its path in the repository. */
export const DOCUMENTS: ReadonlyMap<string, string> = new Map(
  globSync(['*.md', 'docs/*.md', 'bench/*.md'], { cwd: ROOT })
    .sort()
    .map(path => [path, readFileSync(join(ROOT, path), 'utf8')]),
);

export interface Block {
  /** As in `README.md:24`: where the block begins. */
  readonly place: string;
  readonly path: string;
  /** Empty when the fence names none. */
  readonly language: string;
  readonly text: string;
}

/** The code blocks of a text in Markdown. */
export function blocksOf(path: string, markdown: string): Block[] {
  return [...markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: language = '', 2: text = '' }) => ({
    place: `${path}:${markdown.slice(0, index).split('\n').length}`,
    path,
    language,
    text,
  }));
}

export const BLOCKS: readonly Block[] = [...DOCUMENTS].flatMap(([path, markdown]) => blocksOf(path, markdown));

export function blocksIn(language: string): [place: string, block: Block][] {
  return BLOCKS.filter(block => block.language === language).map(block => [block.place, block]);
}
