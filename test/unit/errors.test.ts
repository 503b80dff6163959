// What is said of an error never quotes what came over the wire.
import { expect, test } from 'vitest';
import { asSyncError, causes, SyncError } from '../../src/errors.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test.each([
  '{"email": jane@example.test}',
  '{"a":\n    at jane@example.test}',
  '{"a":\n   at jane@example.test (file:1:1)\n at jane@example.test',
])('the causes of an error hold no part of the text that could not be parsed: %j', text => {
  const error = thrownBy(() => JSON.parse(text));
  const wrapped = new SyncError('no-usable-answer', {
    what: 'What.',
    todo: 'Do.',
    cause: new Error(`with ${text}`, { cause: error }),
  });
  const lines = causes(wrapped).join('\n');
  expect(lines).toMatch(/SyntaxError/);
  expect(lines).toMatch(/errors\.test\.ts/);
  expect(lines).not.toContain('jane');
});

test('an error that is not ours is told by its kind and its code', () => {
  const foreign = Object.assign(new TypeError('no jane@example.test'), { code: 'ENOENT' });
  const error = asSyncError(foreign);
  expect(error.message).toContain('TypeError ENOENT');
  expect(error.message).not.toContain('jane');
  expect(asSyncError(error)).toBe(error);
  expect(asSyncError('jane').message).not.toContain('jane');
  expect(asSyncError(null).kind).toBe('bug');
});

test('a full disk is for whoever set the workflow up to see to', () => {
  const error = asSyncError(Object.assign(new Error('jane'), { code: 'ENOSPC' }));
  expect(error).toMatchObject({ actor: 'user', kind: 'disk' });
  expect(error.message).toMatch(/^The disk of the runner is full\. Nothing is lost; /);
});

test('a circle of causes ends', () => {
  const a = new Error('a');
  const b = new Error('b', { cause: a });
  a.cause = b;
  expect(causes(a).length).toBeLessThan(400);
});
