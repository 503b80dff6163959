// What is said of an error never quotes what came over the wire.

import { expect, test } from 'vitest';
import { timeout } from '../../src/commands/post.ts';
import { asSyncError, causes, foreignWords, SyncError } from '../../src/errors.ts';
import { cite } from '../../src/github/cite.ts';
import { openHost } from '../../src/kustomer/host.ts';
import { answerTooLarge } from '../../src/kustomer/json.ts';
import { requestError } from '../../src/kustomer/request-errors.ts';
import { readLongList } from '../../src/sync/read-long-list.ts';
import { expectSaid } from '../action/troubles.ts';

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
  expectSaid(error, 'bug');
});

test('a full disk is for whoever set the workflow up to see to', () => {
  const error = asSyncError(Object.assign(new Error('jane'), { code: 'ENOSPC' }));
  expect(error).toMatchObject({ actor: 'user', kind: 'disk' });
  expect(error.message).toMatch(/^The disk of the runner is full\. Nothing is lost; /);
  expectSaid(error, 'disk-full');
});

test('a circle of causes ends', () => {
  const a = new Error('a');
  const b = new Error('b', { cause: a });
  a.cause = b;
  expect(causes(a).length).toBeLessThan(400);
});

test.each([
  [
    ['bad_request', 'Bad Request', 'Unknown field "kobject_updated_at"'],
    'bad_request: Bad Request: Unknown field "kobject_updated_at"',
  ],
  [['Unauthorized', 'Unauthorized'], 'Unauthorized'],
  [["can't read `x`"], "can't read 'x'"],
  [['one\nline\u202e and\u0007 no more'], 'one line and no more'],
  [['no customer jane@example.test'], 'no customer …'],
  [['no customer Jane Quenya Doe here'], 'no customer … here'],
  [['no value "jane", no \u201cjane doe\u201d'], 'no value …, no …'],
  [['call +1 (415) 555-0100 or 4155550100'], 'call … or …'],
  [['id 5f0000000000000000000002, key eyJhbGciOiJIUzI1NiJ9abc'], 'id …, key …'],
  [
    ['see https://example.test/x?y=1, or https://api.prod2.kustomerapp.com'],
    'see …, or https://api.prod2.kustomerapp.com',
  ],
  [['the secret-of-tests is wrong'], 'the … is wrong'],
  [[undefined, null, { a: 1 }, 42], ''],
  [['Jane Doe'], ''],
])('what another side says is one line of words, without values: %j', (texts, said) => {
  expect(foreignWords(texts, ['secret-of-tests', ''])).toBe(said);
});

test('what another side says is cut to 200 characters', () => {
  const said = foreignWords(['so it is '.repeat(99)]);
  expect(said).toMatch(/^so it is .*…$/);
  expect(said).toHaveLength(200);
});

test.each([
  [
    'Repository was archived so is read-only. - https://docs.github.com/rest',
    'Repository was archived so is read-only',
  ],
  ['Required status check "Build And Test"\n\n  is expected.', 'Required status check "Build And Test" is expected'],
  ['the `acme`\u202e organization\u0007 has an allow list:', "the 'acme' organization has an allow list"],
  ['no '.repeat(99), `${'no '.repeat(99).slice(0, 199)}…`],
  ['', ''],
])('what GitHub says is one line of words, with what it names: %j', (reason, said) => {
  expect(cite(409, reason)).toBe(said === '' ? ' (409)' : ` (409: ${said})`);
  expect(cite(0, reason)).toBe('');
});

test('a request that is refused for its rate for ever says so', () => {
  const outcome = { status: 429, headers: {} };
  const request = { stream: 'tags', role: 'org.permission.tag.read' };
  expectSaid(
    requestError('rate-limited', request, outcome, openHost('https://api.example.test', 'key')),
    'rate-limited',
  );
});

test('a response that is too large says so', () => {
  expectSaid(answerTooLarge('tags', 'more than 64 MB'), 'answer-too-large');
});

test('a list of notes that changes whenever it is read says so', async () => {
  let n = 0;
  const list = {
    async pass(onPage: (found: { at: number; isDated: boolean; resource: never }[]) => Promise<void>) {
      await onPage([{ at: 1_000, isDated: true, resource: { id: String(n++), type: 'note' } as never }]);
      return { isOneResponse: false, isCut: false };
    },
    extent: () => Promise.reject(new Error('nobody asks')),
  };
  const file = { write: async () => {}, commit: async () => {}, discard: async () => {} };
  const sink = { write: async () => {}, openStagingFile: () => file };
  const options = {
    list,
    sink,
    toRead: [{ from: 0, to: 2_000 }],
    dedupKeys: new Set<string>(),
    withoutKnown: async () => [],
    signal: new AbortController().signal,
  };
  await expect(readLongList(options as never)).rejects.toSatisfy(error => {
    expectSaid(error, 'notes-keep-changing');
    return true;
  });
});

test('a post step that takes too long says so', async () => {
  await expect(timeout(1)).rejects.toSatisfy(error => {
    expectSaid(error, 'post-step-timeout');
    return true;
  });
});
