// The action runs on the runner's Node 24; a test that passes on another one proves nothing about it.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ACTION } from '../world/stage.ts';

test('the tests run on the Node that action.yml asks for', () => {
  const { runs } = parse(readFileSync(`${ACTION}/action.yml`, 'utf8')) as { runs: { using: string } };
  expect(runs.using).toBe('node24');
  expect(`node${process.versions.node.split('.')[0]}`).toBe(runs.using);
});
