// Bad input ends in one clear annotation and exit 1, before any request to Kustomer.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, STREAMS } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { annotations, expectGreen, expectRed, populate, streamsOf, texts } from './support.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  populate(stage);
});
afterAll(() => stage.close());
afterEach(() => {
  stage.kustomer.log.clear();
  // What an input has let through that should have been refused must not redden the tests after it.
  for (const { id } of stage.github.artifacts()) stage.github.deleteArtifact(id);
  stage.github.evictCaches();
});

/** One error annotation, exit 1, no request, nothing published, every output set. */
function expectRefused(result: ActionResult): string {
  expectRed(result);
  const errors = annotations(result, 'error');
  expectError(result, 'invalid-input');
  expect(errors).toHaveLength(1);
  expect(result.annotations).toHaveLength(1);
  expect(stage.kustomer.requests.length).toBe(0);
  expect(stage.github.artifacts().length + stage.github.caches().length).toBe(0);
  expect(result.outputs).toEqual({
    records: '0',
    complete: 'false',
    streams: '[]',
    'output-dir': '',
    manifest: '',
    'artifact-id': '',
    'artifact-url': '',
    'artifact-digest': '',
    commit: '',
    estimate: '',
    matrix: '',
    'state-saved': 'false',
    'state-generation': '0',
  });
  return errors[0] as string;
}

describe('an input that cannot be used', () => {
  test.each<[string, string, string | RegExp]>(
    few(
      [
        [
          'streams',
          'conversations, mails',
          /conversations, customers, kobjects, messages, notes, shortcuts, tags, teams, users, .* Not known: `mails`\. Correct/,
        ],
        ['streams', 'Conversations', 'did you mean `conversations`?'],
        ['streams', 'tag', 'did you mean `tags`?'],
        ['streams', 'tags:sometimes', '`tags:sometimes`'],
        ['streams', 'tags:full_refresh:x', '`tags:full_refresh:x`'],
        ['streams', ',', '`all` or any of conversations'],
        ['sync-mode', 'full', '`incremental` or `full_refresh`'],
        ['start-date', 'yesterday', 'YYYY-MM-DD'],
        ['start-date', '2026-02-30', 'YYYY-MM-DD'],
        ['start-date', '2026-13-01', 'YYYY-MM-DD'],
        ['start-date', '2026-1-1', 'YYYY-MM-DD'],
        ['start-date', '2026-01-01T25:00:00Z', 'RFC 3339'],
        ['start-date', '2026-01-01T08:00:00', 'RFC 3339'],
        ['start-date', '01/02/2026', 'RFC 3339'],
        ['start-date', '1767225600', 'RFC 3339'],
        ['end-date', 'soon', 'YYYY-MM-DD'],
        ['mode', 'count', '`sync`, `plan`, `merge`, `check`, `reconcile` or `compact`'],
        ['shards-at-once', '300', 'from 1 to 256'],
        ['on-incomplete', 'go', '`stop` or `continue`'],
        ['shard', 'half', 'matrix.shard'],
        ['include-deleted', 'yes', '`true` or `false`'],
        ['archive', 'on', '`auto` or `never`'],
        ['settle', '60', '`s`, `m` or `h`'],
        ['settle', '-1s', '`s`, `m` or `h`'],
        ['lookback', '1d', '`s`, `m` or `h`'],
        ['time-budget', 'PT5H', '`s`, `m` or `h`'],
        ['time-budget', '0s', 'and more than `0s`'],
        // Longer than timers go: it would be over at once.
        ['time-budget', '1000h', 'up to `500h`'],
        ['search-requests-per-minute', '0', 'a whole number from 1'],
        ['search-requests-per-minute', 'many', 'a whole number from 1'],
        ['search-requests-per-minute', '1e3', 'a whole number from 1'],
        ['requests-per-minute', '0', '`auto` or a whole number from 1'],
        ['requests-per-minute', '-5', '`auto` or a whole number from 1'],
        ['concurrency', '0', 'a whole number from 1'],
        ['concurrency', '1.5', 'a whole number from 1'],
        ['concurrency', '٣', 'a whole number from 1'],
        ['record-format', 'csv', '`flat` or `raw`'],
        ['record-format', 'Raw', 'Did you mean `raw`?'],
        ['sync-mode', 'full-refresh', 'Did you mean `full_refresh`?'],
        ['streams', 'tags:Full-Refresh', '(did you mean `full_refresh`?)'],
        ['destination', 'Artifacts', 'Did you mean `artifact`?'],
        ['compression', 'zip', '`none` or `gzip`'],
        ['destination', 's3', '`artifact`, `branch`, `artifact,branch` or `none`'],
        ['destination', 'artifact,none', '`none`'],
        ['artifact-name', 'a/b', '1 to 200 characters'],
        ['retention-days', '-1', 'a whole number from 0'],
        ['retention-days', 'week', 'a whole number from 0'],
        ['branch', 'a..b', 'the name of a branch'],
        ['branch', 'refs/tags/v1', 'the name of a branch'],
        ['branch', 'a/.b', 'the name of a branch'],
        ['branch', 'a.lock/b', 'the name of a branch'],
        ['data-path', '../outside', 'a relative path'],
        ['data-path', '/data', 'a relative path'],
        ['data-path', 'a/.Git.', 'a relative path'],
        ['data-path', 'state.json', 'a relative path'],
        ['data-path', 'README.md', 'a relative path'],
        ['data-path', '.github/workflows', 'a relative path'],
        ['output-dir', 'a\u0001b', 'a directory'],
        ['repository', 'https://github.com/acme/x', '`owner/name`'],
        ['repository', '../user', '`owner/name`'],
        ['allow-public', '1', '`true` or `false`'],
        ['state-id', 'a/b', 'letters, digits'],
        ['state-id', 'a'.repeat(65), 'letters, digits'],
        ['state-id', '..', 'letters, digits'],
        ['on-missing-state', 'error', '`full` or `fail`'],
        ['reset-state', 'no', '`true` or `false`'],
        ['api-url', 'api.kustomerapp.com', '`https://api.kustomerapp.com`'],
        ['api-url', 'http://api.kustomerapp.com', '`http` only for a loopback address'],
        ['api-url', 'http://127.0.0.1.example.test', '`http` only for a loopback address'],
        ['api-url', 'http://localhost.example.test', '`http` only for a loopback address'],
        ['api-url', 'ftp://api.kustomerapp.com', '`http` only for a loopback address'],
        ['api-url', 'https://api.kustomerapp.com/v1', 'without a path'],
        ['api-url', 'https://api.kustomerapp.com/?x=1', 'without a path'],
      ],
      8,
    ),
  )('%s: %j', async (name, value, accepted) => {
    const error = expectRefused(await stage.sync({ with: { [name]: value } }));
    expect(error).toContain(`\`${name}\` is ${value.length > 60 ? `\`${value.slice(0, 60)}` : `\`${value}\`. Use `}`);
    expect(error).toMatch(new RegExp(`^\`${name}\`.*; nothing was requested from Kustomer\\.$`));
    if (typeof accepted === 'string') expect(error).toContain(accepted);
    else expect(error).toMatch(accepted);
  });
});

describe('dates that contradict each other', () => {
  test.each(
    few([
      ['2026-02-01', '2026-01-01'],
      ['2026-02-01', '2026-02-01'],
      ['2026-02-01T00:00:00Z', '2026-02-01T01:00:00+02:00'],
    ]),
  )('start-date %s with end-date %s', async (start, end) => {
    const error = expectRefused(await stage.sync({ with: { 'start-date': start, 'end-date': end } }));
    expect(error).toContain('`end-date`');
    expect(error).toContain(start);
    expect(error).toContain(end);
  });
});

test('a start-date that has not come yet is refused', async () => {
  expect(expectRefused(await stage.sync({ with: { 'start-date': '2999-01-01' } }))).toBe(
    '`start-date` is `2999-01-01`, which has not come yet. Use a time in the past. Correct the `with:` block of the step; nothing was requested from Kustomer.',
  );
});

describe('a token that cannot be one', () => {
  test.each(few(['', '   ']))('an empty one: %j', async token => {
    const error = expectRefused(await stage.sync({ with: { token } }));
    expect(error).toContain('`token` is empty');
    expect(error).toContain('secrets.KUSTOMER_TOKEN');
  });

  test.each(few([`first-half-of-it\nsecond-half-of-it`, 'kustomer-tökén', `${DEFAULT_TOKEN}\nx-injected: 1`]))(
    'one with a character that no key has: %j',
    async token => {
      const result = await stage.sync({ with: { token } });
      const error = expectRefused(result);
      expect(error).toMatch(/^`token` is a secret of the wrong form\. .* It contains a line break/);
      // Not even a half of it, and not even for those who would see through the masks.
      for (const part of token.split(/\s+/).filter(part => part.length > 8)) expect(texts(result)).not.toContain(part);
      expect(result.rawLog.split('\n').find(line => line.trim() !== '')).toMatch(/^::add-mask::/);
    },
  );

  test.each<[string, string, string]>(
    few([
      ['quotation marks', `"${DEFAULT_TOKEN}"`, 'It contains quotation marks; a key is one long word'],
      ['another sort of them', `'${DEFAULT_TOKEN}'`, 'It contains quotation marks'],
      ['Bearer before it', `Bearer ${DEFAULT_TOKEN}`, 'It begins with `Bearer`, which is no part of the key'],
      ['its name before it', `KUSTOMER_TOKEN=${DEFAULT_TOKEN}`, 'It is the name of a variable or an assignment'],
      ['a variable that nobody has replaced', '$KUSTOMER_TOKEN', 'It is the name of a variable'],
    ]),
  )('one with %s is explained', async (_what, token, explained) => {
    const error = expectRefused(await stage.sync({ with: { token } }));
    expect(error).toMatch(/^`token` is a secret of the wrong form\. Use a Kustomer API key, usually /);
    expect(error).toContain(explained);
    expect(error).not.toContain(DEFAULT_TOKEN);
  });

  test.each(few([`${DEFAULT_TOKEN}\n`, `${DEFAULT_TOKEN}\r\n`, `  ${DEFAULT_TOKEN}\t`]))(
    'but white space at its ends is cut off: %j',
    async token => {
      expectGreen(await stage.sync({ with: { token, streams: 'tags', 'state-id': `white-${token.length}` } }));
    },
  );

  test('a token that was put into another input is not shown either', async () => {
    const result = await stage.sync({
      with: { streams: DEFAULT_TOKEN, 'api-url': `https://x:${DEFAULT_TOKEN}@api.kustomerapp.com` },
    });
    expect(result.exitCode).toBe(1);
    expect(stage.kustomer.requests.length).toBe(0);
    // In the log as the runner shows it: what the masks are for.
    expect(result.log + result.summary + JSON.stringify(result.annotations)).not.toContain(DEFAULT_TOKEN);
  });

  test.each(few(['state-id', 'streams', 'settle', 'concurrency']))(
    'nor is a part of it, where a key is too long to be shown (%s)',
    async name => {
      const token = `eyJ${'aB3'.repeat(70)}.xyz`;
      const result = await stage.sync({ with: { token, [name]: token } });
      expect(expectRefused(result)).toContain('since it may hold a secret');
      expect(result.log + result.summary + JSON.stringify(result.annotations)).not.toContain(token.slice(0, 40));
    },
  );
});

test('a key with commas is not shown in pieces either, where it was given as streams', async () => {
  const token = 'abcdefgh12345,ijklmnop67890';
  const result = await stage.sync({ with: { token, streams: token } });
  expect(expectRefused(result)).toContain('since it may hold a secret');
  expect(result.log + result.summary + JSON.stringify(result.annotations)).not.toMatch(/abcdefgh|ijklmnop/);
});

describe('an output directory', () => {
  const output = (result: ActionResult) => annotations(result, 'error')[0] ?? '';

  test('that holds something is refused', async () => {
    const { paths } = await stage.sync({ with: { streams: 'x' } });
    const dir = join(paths.workspace, 'out');
    await mkdir(dir);
    await writeFile(join(dir, 'precious.txt'), 'x');
    const result = await stage.sync({ with: { 'output-dir': 'out' }, keepWorkspace: true });
    expect(expectRefused(result)).toMatch(/^`output-dir` is `out`\. Use a directory that is empty/);
  });

  longTest('that is a file is refused', async () => {
    const { paths } = await stage.sync({ with: { streams: 'x' } });
    await writeFile(join(paths.workspace, 'out'), 'x');
    const result = await stage.sync({ with: { 'output-dir': 'out' }, keepWorkspace: true });
    expect(expectRefused(result)).toContain('`output-dir` is `out`');
    expect(output(result)).not.toContain('ENOTDIR');
  });

  test('that cannot be made is refused', async () => {
    const result = await stage.sync({ with: { 'output-dir': '/proc/nowhere/out' } });
    expectRed(result);
    expect(stage.kustomer.requests).toEqual([]);
    expect(output(result)).toMatch(/`output-dir` names could not be made \(E\w+\)\. Name a place that/);
    expectError(result, 'output-dir-unusable');
  });

  longTest('below a file is refused', async () => {
    const { paths } = await stage.sync({ with: { streams: 'x' } });
    await writeFile(join(paths.workspace, 'out'), 'x');
    const result = await stage.sync({ with: { 'output-dir': 'out/below' }, keepWorkspace: true });
    expect(expectRefused(result)).toContain('`output-dir`');
  });
});

describe('several problems', () => {
  test('are reported together, each with its input, what was given and what to use', async () => {
    const bad = {
      streams: 'mails',
      'start-date': 'x',
      settle: '5',
      concurrency: 'a',
      'api-url': 'http://example.test',
    };
    const error = expectRefused(await stage.sync({ with: { ...bad, token: '' } }));
    for (const name of ['token', ...Object.keys(bad)]) {
      const line = error.split('\n').find(each => each.includes(`- \`${name}\``));
      expect(line, name).toContain(' Use ');
    }
    expect(error).toContain('`mails`');
    expect(error).toMatch(
      /\n\nCorrect the secret, or the `with:` block of the step; nothing was requested from Kustomer\.$/,
    );
  });

  longTest('stand in the summary and are the reason that is logged', async () => {
    const result = await stage.sync({ with: { settle: '5', lookback: '6' } });
    expectRefused(result);
    expect(result.summary).toContain('`settle` is `5`');
    expect(result.summary).toContain('`lookback` is `6`');
  });
});

describe('an input that may look odd', () => {
  test.each<[string, Record<string, string>, string[]]>(
    few([
      ['streams on lines, with blanks and doubles', { streams: ' tags \n\n teams, tags ,' }, ['tags', 'teams']],
      ['an empty list of streams', { streams: '' }, [...STREAMS]],
      ['all with an exception', { streams: 'tags:full_refresh, tags' }, ['tags']],
      ['inputs that are there but empty', { streams: 'tags', settle: '', 'start-date': '', concurrency: '' }, ['tags']],
      ['blanks around values', { streams: 'tags', settle: ' 5s ', 'record-format': ' raw ' }, ['tags']],
      ['True as YAML writers spell it', { streams: 'tags', 'include-deleted': 'True' }, ['tags']],
      ['an instant with an offset', { streams: 'tags', 'start-date': '2026-01-01T08:00:00.123+02:00' }, ['tags']],
      ['an origin with a slash at its end', { streams: 'tags' }, ['tags']],
      ['the longest time budget', { streams: 'tags', 'time-budget': '500h' }, ['tags']],
    ]),
  )('%s is understood', async (what, inputs, names) => {
    const slash = what.includes('slash') ? { 'api-url': `${stage.kustomer.url}/` } : {};
    const result = await stage.sync({
      with: { ...inputs, ...slash, 'state-id': `odd-${names.length}-${what.length}` },
    });
    expectGreen(result);
    expect(streamsOf(result).map(({ name }) => name)).toEqual(names);
  });
});
