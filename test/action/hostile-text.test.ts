// Text that is not ours: from Kustomer, a saved state, a branch, an artifact or an input. Wherever it comes out, it is text: no
// command of the runner, no HTML, no link, no end of a table, and not without end.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { BRANCH } from './publishing.ts';
import { poison } from './saved-state.ts';
import { annotations, expectSound, populate } from './support.ts';

const COMMANDS = [
  '::error::',
  '::add-mask::',
  '::stop-commands::',
  '::set-output name=records::',
  '##[error]',
  '##[group]',
];
const MARKUP = '</details><img src=//evil.test/pwned>[pwned](https://evil.test) ![a](b) | `<b>` | --> <!-- @pwned';
/** Everything that does something in one of the places where a run writes. */
const EVIL = `${COMMANDS.map(command => `pwned\r\n${command}pwned`).join('')}\n\n# pwned\n${MARKUP}\u2028\u202e\u0000pwned`;
/** The same on one line, for what may not have several. */
const EVIL_LINE = `::error::pwned ##[error]pwned ${MARKUP} $(pwned)`;
/** An environment variable holds no NUL. */
const TYPED = EVIL.replaceAll('\u0000', '');
const LONG = 'x'.repeat(1_000_000);

/** What people see of a run, and its data branch. */
async function expectHarmless(stage: Stage, result: ActionResult): Promise<void> {
  for (const phase of [result, ...(result.post === undefined ? [] : [result.post])]) {
    const lines = phase.rawLog.split(/\r\n|[\r\n]/);
    expect(lines.filter(line => /^\s*::[^:]*::\s*pwned|##\[(?:error|group)\]pwned|\u202e/.test(line))).toEqual([]);
    expect(Math.max(...lines.map(line => line.length))).toBeLessThan(20_000);
    for (const { message } of phase.annotations) {
      expect(message).not.toMatch(/^\s*pwned/);
      expect(message.length).toBeLessThan(10_000);
    }
  }
  expectMarkdown(result.rawSummary);
  expect(Object.values(result.outputs).join('').length).toBeLessThan(100_000);
  const files = await stage.github.repository.files(BRANCH).catch(() => new Map<string, Buffer>());
  expectMarkdown(String(files.get('README.md') ?? ''));
  const sql = String(files.get('views.sql') ?? '').replace(/^--.*$/gm, '');
  expect(sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '')).not.toContain('pwned');
}

function expectMarkdown(text: string): void {
  expect(text.length).toBeLessThan(100_000);
  // A comment is not shown, and does not end before its end.
  const blocks = text.replace(/^```\w*\n[\s\S]*?^```$/gm, '').replace(/<!-- [^>]* -->/g, '');
  const shown = blocks.replace(/`[^`\n]*`/g, '');
  expect(shown).not.toMatch(/<(?!\/?(?:details|summary)>)|\]\(\/*(?:https?:)?\/\/evil|!\[|^#+ pwned|@pwned|##\[|-->/m);
  expect(shown.match(/<\/details>/g)?.length ?? 0).toBeLessThanOrEqual(1);
  for (const table of text.match(/(?:^\|.*\n)+/gm) ?? []) {
    const cells = table
      .trimEnd()
      .split('\n')
      .map(row => row.replaceAll('\\|', '').split('|').length);
    expect(new Set(cells).size, table).toBe(1);
  }
}

describe('hostile text of Kustomer', () => {
  test.each(
    few(
      [
        ['an organization', { kind: 'wrong-org', org: JSON.stringify(EVIL.slice(0, 190)).slice(1, -1) }],
        ['an organization without end', { kind: 'wrong-org', org: LONG }],
        ['the reason of an error', { kind: 'status', status: 400, body: { errors: [{ title: EVIL, detail: EVIL }] } }],
        ['a role that is missing', { kind: 'status', status: 403, body: { errors: [{ title: EVIL, detail: LONG }] } }],
      ] as const,
      2,
    ),
  )('is text: %s', async (_what, fault) => {
    await using stage = await openStage();
    populate(stage);
    const isOrganization = fault.kind === 'wrong-org';
    // A state that the second organization is compared with.
    if (isOrganization) await stage.sync({ with: { streams: 'notes, tags' } });
    stage.kustomer.faults.add({ ...fault, times: Number.POSITIVE_INFINITY, match: { stream: 'notes' } } as never);
    stage.world.create('notes', 2, { updatedAt: Date.now() - 120_000 });
    const result = await stage.sync({ with: { streams: 'notes, tags' }, debug: true });
    expectSound(result);
    await expectHarmless(stage, result);
  });

  test('is text: the name of a klass, that of a column, and both on a data branch', async () => {
    await using stage = await openStage();
    const [from, to] = [Date.now() - 9e8, Date.now() - 9e6];
    const klass = EVIL_LINE.replaceAll('/', '-').slice(0, 150);
    stage.world.populate({ customers: 3, kobjects: { [klass]: 3, order: 2 } }, { from, to });
    for (const destination of ['artifact', 'branch']) {
      const result = await stage.sync({ with: { streams: 'kobjects, customers', destination }, debug: true });
      expectSound(result);
      expect(result.outputs.complete, result.log).toBe('true');
      await expectHarmless(stage, result);
    }
  });
});

describe('hostile text of an input', () => {
  test.each(
    few(
      [
        [
          'branch and data-path',
          { branch: 'a)<img>|`b`##pwned;$(pwned)', 'data-path': 'd)<img>|`b`##[error]pwned ]', destination: 'branch' },
        ],
        [
          'a text of any kind',
          { settle: TYPED, streams: TYPED, 'start-date': LONG.slice(0, 9e4), repository: EVIL_LINE },
        ],
        ['artifact-name', { 'artifact-name': '##[error]pwned ](pwned) `b` @pwned' }],
        ['output-dir with a line break', { 'output-dir': `out\n::error::pwned\n##[error]pwned`, destination: 'none' }],
        ['output-dir', { 'output-dir': `out ${EVIL_LINE.replaceAll('/', '-')}`, destination: 'none' }],
      ] as const,
      3,
    ),
  )('is text: %s', async (_what, inputs) => {
    await using stage = await openStage();
    populate(stage);
    const result = await stage.sync({ with: { streams: 'notes, tags', ...inputs }, debug: true });
    expectSound(result);
    await expectHarmless(stage, result);
    const { branch, 'data-path': folder } = inputs as Record<string, string>;
    if (branch === undefined) return;
    expect(result.outputs.complete, result.log).toBe('true');
    const readme = String((await stage.github.repository.files(branch)).get('README.md'));
    expectMarkdown(readme);
    expect(readme).toContain(`--branch '${branch}' `);
    expect(readme).toContain('[notes](d%29%3Cimg%3E%7C%60b%60%23%23%5Berror%5Dpwned%20%5D/notes)');
    expect(folder).toBe('d)<img>|`b`##[error]pwned ]');
  });
});

const FIELDS: [string, (document: never, evil: string) => void][] = [
  ['saved_at', (it: Record<string, unknown>, evil) => Object.assign(it, { saved_at: evil })],
  ['run', (it: Record<string, unknown>, evil) => Object.assign(it, { run: { id: evil, attempt: evil } })],
  ['written_by', (it: Record<string, unknown>, evil) => Object.assign(it, { written_by: evil, version: 99 })],
  ['publish_id', (it: Record<string, unknown>, evil) => Object.assign(it, { publish_id: evil })],
  ['identity', (it: Record<string, unknown>, evil) => Object.assign(it, { identity: evil })],
  ['a stream', (it: { streams: Record<string, unknown> }, evil) => Object.assign(it.streams, { [evil]: 1 })],
  [
    'a revision',
    (it: { revisions: Record<string, unknown> }, evil) => Object.assign(it.revisions, { [evil]: it.revisions.notes }),
  ],
  [
    'a schema',
    (it: { schemas: Record<string, unknown> }, evil) => Object.assign(it.schemas, { [evil]: it.schemas.notes }),
  ],
  ['state_id', (it: Record<string, unknown>, evil) => Object.assign(it, { state_id: evil })],
  ['data_path', (it: Record<string, unknown>, evil) => Object.assign(it, { data_path: evil })],
  [
    'totals',
    (it: { totals: Record<string, unknown> }, evil) => Object.assign(it.totals ?? {}, { [evil]: it.totals?.notes }),
  ],
];

describe('hostile text of a state', () => {
  test.each(few(['artifact', 'branch'], 2))('is text, in each of its fields (%s)', async destination => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { streams: 'notes, tags', destination };
    await stage.sync({ with: inputs });
    const isBranch = destination === 'branch';
    const original = await stateOf(stage, isBranch);
    for (const [field, change] of few(FIELDS.slice(0, isBranch ? undefined : 8), 4)) {
      for (const evil of few([EVIL, LONG], field === 'identity' ? 2 : 1)) {
        const document = JSON.parse(original);
        change(document as never, evil);
        await saveState(stage, isBranch, JSON.stringify(document));
        stage.world.create('notes', 1, { updatedAt: Date.now() - 120_000 });
        const result = await stage.sync({ with: inputs });
        expectSound(result);
        await expectHarmless(stage, result);
      }
    }
  });

  longTest('is text in the totals of a README', async () => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { streams: 'notes, tags', destination: 'branch' };
    await stage.sync({ with: inputs });
    const readme = String((await stage.github.repository.files(BRANCH)).get('README.md'));
    const total = { records: 1, distinct: 1, files: 1, bytes: 1, max_updated_at: null };
    const totals = { [EVIL_LINE]: total, constructor: total, 'a; DROP TABLE pwned': total };
    const text = readme.replace(/<!-- totals: .*/, `<!-- totals: ${JSON.stringify(totals)} -->`);
    await stage.github.repository.commit(BRANCH, { 'README.md': text });
    stage.world.create('notes', 1, { updatedAt: Date.now() - 120_000 });
    const result = await stage.sync({ with: inputs });
    expect(result.outputs.records, result.log).toBe('1');
    await expectHarmless(stage, result);
    expect(String((await stage.github.repository.files(BRANCH)).get('README.md'))).not.toContain('pwned');
  });
});

async function stateOf(stage: Stage, isBranch: boolean): Promise<string> {
  if (isBranch) return String((await stage.github.repository.files(BRANCH)).get('state.json'));
  let saved = '';
  await poison(stage, text => {
    saved = text;
    return text;
  });
  return saved;
}

async function saveState(stage: Stage, isBranch: boolean, text: string): Promise<void> {
  if (isBranch) await stage.github.repository.commit(BRANCH, { 'state.json': text });
  else await poison(stage, () => text);
}

test('an entry of the cache that unpacks to other places writes nothing there', async () => {
  await using stage = await openStage();
  populate(stage);
  await stage.sync({ with: { streams: 'tags' } });
  const outside = mkdtempSync(join(tmpdir(), 'outside-'));
  const entry = mkdtempSync(join(tmpdir(), 'entry-'));
  const state = join('.kustomer-sync', 'default', 'state.json');
  mkdirSync(join(entry, '.kustomer-sync/default'), { recursive: true });
  writeFileSync(join(entry, state), await stateOf(stage, false));
  writeFileSync(join(outside, 'precious'), 'precious');
  // Names that are absolute, that lead up, and a link that others lead through.
  const target = { cwd: entry };
  writeFileSync(join(entry, 'pwned'), 'pwned');
  execFileSync('ln', ['-s', outside, join(entry, 'link')]);
  const tar = (args: string[]) => execFileSync('tar', ['--posix', '-P', '-f', 'cache.tar', ...args], target);
  tar(['-c', state, 'link']);
  for (const name of [
    `${outside}/absolute`,
    `${outside}/precious`,
    `../../../../../../..${outside}/up`,
    'link/through',
    '::error::pwned',
  ])
    tar(['-r', `--transform=s,^pwned$,${name},`, 'pwned']);
  execFileSync('zstd', ['-q', 'cache.tar'], target);
  await stage.github.replaceCache(stage.github.caches().at(-1)?.id ?? 0, readFileSync(join(entry, 'cache.tar.zst')));

  // With debug logging the library shows what is in the entry.
  const result = await stage.sync({ with: { streams: 'tags' }, debug: true });
  expectSound(result);
  expect(result.rawLog).toMatch(/^: :error::pwned$/m);
  expect(result.annotations).toEqual([]);
  await expectHarmless(stage, result);
  expect(['absolute', 'up', 'through'].filter(name => existsSync(join(outside, name)))).toEqual([]);
  expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
  // What is not for this run lies beside the state, and does no harm.
  expect(result.outputs).toMatchObject({ complete: 'true', records: '0' });
  for (const folder of [outside, entry]) rmSync(folder, { recursive: true });
});

test('a state that speaks of times that have not come is refused, and nothing is skipped', async () => {
  await using stage = await openStage();
  populate(stage);
  await stage.sync({ with: { streams: 'notes' } });
  const later = new Date(Date.now() + 36e5).toISOString();
  await poison(stage, text => {
    const document = JSON.parse(text);
    Object.assign(document.streams.notes, { cutoff: later, dedup_since: later });
    document.streams.notes.synced_ranges[0][1] = later;
    return JSON.stringify(document);
  });
  stage.world.create('notes', 3, { updatedAt: Date.now() - 120_000 });
  const refused = await stage.sync({ with: { streams: 'notes' } });
  expect(refused.outputs).toMatchObject({ complete: 'false', 'state-saved': 'false' });
  expect(annotations(refused, 'error')).toEqual([
    expect.stringMatching(
      /^The saved state .* says what was read up to .*, and the clock of this runner shows .*\. Check that clock/,
    ),
  ]);
});
