// The code blocks of the documents, other than YAML: each is of a language that is checked, and has its syntax. What those for
// reading the data give is for test/action/recipes.test.ts.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { BLOCKS, blocksIn } from './documents.ts';

test('every block is of a language that is checked here or with the examples', () => {
  const known = ['', 'json', 'mermaid', 'python', 'sh', 'sql', 'yaml'];
  expect(BLOCKS.filter(({ language }) => !known.includes(language)).map(({ place }) => place)).toEqual([]);
  expect(new Set(BLOCKS.map(({ language }) => language))).toEqual(new Set(known));
});

test.each(blocksIn('json'))('%s is a record a line', (_, { text }) => {
  for (const line of text.trim().split('\n')) expect(typeof JSON.parse(line).id).toBe('string');
});

test.each(blocksIn('mermaid'))('%s is a flowchart of known nodes', (_, { text }) => {
  expect(text).toMatch(/^flowchart (?:LR|TD)\n/);
  const brackets = (open: string) => text.split(open).length;
  expect(brackets('[')).toBe(brackets(']'));
});

test.each(blocksIn('sh'))('%s is a shell script', (_, { text }) => {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test.each(blocksIn('python'))('%s is Python', (_, { text }) => {
  const parse = 'import ast, sys; ast.parse(sys.stdin.read())';
  const { error, status, stderr } = spawnSync('python3', ['-c', parse], { input: text, encoding: 'utf8' });
  if (error === undefined) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
