// What the documents tell people to type so that they see their data, typed as it stands: over what runs of the action have
// published of a world with every oddity, changes and deletions. Each recipe gives the truth: the latest version of what
// exists, with ids as text. What needs Python's packages is for `npm run recipes`.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { boxed } from '../../scripts/demo/query.ts';
import { few } from '../forms.ts';
import { BLOCKS, type Block, blocksOf } from '../unit/documents.ts';
import { type Desk, HAS_ALL, openDesk } from '../world/desk/index.ts';
import { STREAMS, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import type { Stage } from '../world/stage.ts';
import { byId, changeOddly, ODD, oddStage, type Row, time, truthOf } from './odd.ts';
import { BRANCH } from './publishing.ts';
import { DAY, expectGreen, streamsOf } from './support.ts';

type Format = 'flat' | 'raw';

/** With the compression of each run that has something to publish. */
const WORLDS: readonly (readonly [Format, string])[] = [
  ['flat', 'none gzip'],
  ['flat', 'none none'],
  ['flat', 'gzip gzip'],
  ['raw', 'gzip none'],
  ['raw', 'none none'],
  ['raw', 'gzip gzip'],
];

/** `npm run recipes` has all that is needed, or fails. */
const HAS_JQ = HAS_ALL || spawnSync('jq', ['--version']).status === 0;

/** A first sync, one after changes and deletions, and one that finds nothing new. */
async function publish(stage: Stage, format: Format, compressions: readonly string[]): Promise<ActionResult[]> {
  const results: ActionResult[] = [];
  for (const [n, compression] of [...compressions, 'none'].entries()) {
    if (n === 1) changeOddly(stage);
    const result = await stage.sync({
      with: { destination: 'artifact,branch', 'record-format': format, compression, settle: '0s' },
    });
    expectGreen(result);
    results.push(result);
  }
  return results;
}

/** Somebody at a desk, with a document. */
class Reader {
  readonly #stage: Stage;
  readonly #desk: Desk;
  readonly #format: Format;
  readonly #published: readonly ActionResult[];
  #opens = '';

  constructor(stage: Stage, desk: Desk, format: Format, results: readonly ActionResult[]) {
    this.#stage = stage;
    this.#desk = desk;
    this.#format = format;
    this.#published = results.filter(({ outputs }) => outputs['artifact-id'] !== '');
  }

  async follow(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) {
      const [, step] = this.#steps.find(([pattern]) => pattern.test(block.text)) ?? [];
      if (step === undefined) throw new Error(`${block.place}: nobody here knows what that is to give`);
      await step(block.text);
    }
  }

  /** By what a block has in it. */
  readonly #steps: readonly (readonly [RegExp, (text: string) => unknown])[] = [
    [/^gh run download /, text => this.#downloadEach(text)],
    [/^gh run list |^git clone /, text => this.#desk.type(text)],
    [/^git fetch /, text => this.#freshness(text)],
    [/\bduckdb -init /, text => this.#open(text)],
    [/^SELECT team\.name/, text => this.#openByTeam(text)],
    [/^SELECT id, name, updated_at FROM tags/, text => this.#tags(text)],
    [/^CREATE TABLE all_tags/, text => this.#tags(`${text} FROM 'tags.parquet';`)],
    [/^SELECT \* FROM conversations ORDER BY updated_at DESC/, text => this.#conversations(text)],
    [/^import pathlib.*in_arrow/s, text => this.#frames(text)],
    [/^import pathlib.*conversations = /s, text => this.#frame(text)],
    [/\bmanifest\.json/, text => this.#manifests(text)],
    [/\bjq -rs /, text => this.#jq(text)],
    [/^npm run demo/, () => {}],
  ];

  get #runIds(): string[] {
    return this.#published.map((_, n) => String(this.#stage.github.repository.runs[n]?.id));
  }

  async #downloadEach(text: string): Promise<void> {
    for (const id of this.#runIds) await this.#desk.type(text, { env: { RUN_ID: id } });
  }

  async #freshness(text: string): Promise<void> {
    expect(await this.#desk.type(text)).toMatch(/^checked \S+Z: complete up to \S+Z \[run \d+\.1\]\n$/);
  }

  /** DuckDB is opened for each query; the first one is for all streams. */
  async #open(text: string): Promise<void> {
    const { folder } = this.#desk;
    const union = STREAMS.map(
      stream => `SELECT '${stream}' AS stream, id, typeof(id) AS type, updated_at FROM ${stream}`,
    );
    this.#opens = text;
    const rows = await this.#query(`${union.join(' UNION ALL ')};`);
    for (const stream of STREAMS) {
      const found = rows.filter(row => row.stream === stream).map(row => [row.id, row.type, time(row.updated_at)]);
      const truth = truthOf(this.#stage, stream).map(([id, , updatedAt]) => [id, 'VARCHAR', updatedAt]);
      expect([stream, found.sort()]).toEqual([stream, truth.sort()]);
    }
    this.#opens = `cd '${folder}' && ${text}`;
  }

  async #query(sql: string): Promise<Record<string, unknown>[]> {
    const env = { RUN_ID: this.#runIds.at(-1) ?? '' };
    const printed = await this.#desk.type(this.#opens, { input: `.mode json\n${sql}`, env });
    // What is larger than any double is no JSON as DuckDB writes it.
    return JSON.parse(printed.replace(/":-?Infinity/g, '":null'));
  }

  async #tags(sql: string): Promise<void> {
    const rows = await this.#query(sql);
    const found = rows.map(row => [row.id, row.name, time(row.updated_at)]);
    expect(byId(found as unknown as Row[])).toEqual(byId(truthOf(this.#stage, 'tags')));
  }

  async #conversations(sql: string): Promise<void> {
    const times = (await this.#query(sql)).map(row => time(row.updated_at));
    expect(times).toEqual(
      truthOf(this.#stage, 'conversations')
        .map(([, , at]) => at)
        .sort()
        .reverse(),
    );
  }

  async #openByTeam(sql: string): Promise<void> {
    if (HAS_ALL) await this.#looksAsShown();
    const { world } = this.#stage;
    const counts = new Map<string, number>();
    const attributesOf = (stream: Stream, id: string) => JSON.parse(world.render(stream, id)).attributes;
    for (const [id, , updatedAt] of truthOf(this.#stage, 'conversations')) {
      const { status, assignedTeams } = attributesOf('conversations', id);
      if (status !== 'open' || Date.parse(updatedAt) < Date.now() - 30 * DAY) continue;
      for (const team of assignedTeams) {
        const name = attributesOf('teams', team).name.toWellFormed();
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    const rows = (await this.#query(sql)).map(({ team, open }) => [team, Number(open)] as const);
    for (const [team, open] of rows) expect([team, open]).toEqual([team, counts.get(String(team))]);
    expect(rows.map(([, open]) => open)).toEqual([...counts.values()].sort((a, b) => b - a).slice(0, 3));
  }

  /** As the README and the demo show a result. */
  async #looksAsShown(): Promise<void> {
    const env = { RUN_ID: this.#runIds.at(-1) ?? '' };
    const input = "SELECT 'Technical Support' AS team, 7::BIGINT AS open UNION ALL SELECT 'VIP', 123456;";
    const rows = [
      ['Technical Support', 7],
      ['VIP', 123456],
    ];
    const printed = await this.#desk.type(this.#opens, { input, env });
    expect(printed).toBe(boxed(['team', 'open'], ['VARCHAR', 'BIGINT'], rows));
  }

  async #manifests(text: string): Promise<void> {
    if (!HAS_JQ || this.#isClone) return;
    const expected = this.#published.flatMap(result =>
      streamsOf(result).map(({ name, outcome, records }) => `${name}\t${outcome}\t${records}\n`),
    );
    expect(await this.#desk.type(text)).toBe(expected.join(''));
  }

  /** jq is for `flat`, and `@tsv` writes what would break a line as an escape. */
  async #jq(text: string): Promise<void> {
    if (this.#format === 'raw' || !HAS_JQ) return;
    const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
    const rows = truthOf(this.#stage, 'tags').map(
      ([id, name]) => `${id}\t${name?.replace(/[\\\t\n\r]/g, character => escapes[character] ?? '')}`,
    );
    expect((await this.#desk.type(text)).trimEnd().split('\n').sort()).toEqual(rows.sort());
  }

  async #frames(text: string): Promise<void> {
    if (!HAS_ALL) return;
    const printed = await this.#desk.python(`${text}
import json
rows = {
    "pandas": [list(row) for row in in_pandas.itertuples(index=False)],
    "Polars": [list(row) for row in in_polars.iter_rows()],
    "Arrow": [list(row.values()) for row in in_arrow.to_pylist()],
}
print(json.dumps(rows, default=lambda time: time.isoformat()))
`);
    for (const [name, rows] of Object.entries(JSON.parse(printed) as Record<string, string[][]>)) {
      const found = rows.map(([id, tag, at]) => [id, tag, time(at)] as unknown as Row);
      expect([name, byId(found)]).toEqual([name, byId(truthOf(this.#stage, 'tags'))]);
    }
  }

  async #frame(text: string): Promise<void> {
    if (!HAS_ALL) return;
    const printed = await this.#desk.python(`${text}\nimport json; print(json.dumps(sorted(conversations.id)))`);
    expect(JSON.parse(printed)).toEqual(byId(truthOf(this.#stage, 'conversations')).map(([id]) => id));
  }

  get #isClone(): boolean {
    return this.#desk.folder.endsWith('kustomer-data');
  }
}

const isTyped = ({ language }: Block) => ['sh', 'sql', 'python'].includes(language);
const typedIn = (path: string) => BLOCKS.filter(block => block.path === path && isTyped(block));

test('no other document shows how to read the data', () => {
  const reading = BLOCKS.filter(({ path }) => path === 'README.md' || path.startsWith('docs/')).filter(isTyped);
  // The commands of docs/privacy.md are run by the tests of what it is about.
  expect(new Set(reading.map(({ path }) => path))).toEqual(
    new Set(['README.md', 'docs/privacy.md', 'docs/reading-the-data.md']),
  );
});

describe.each(few(WORLDS))('%s, in runs with compression %s', (format, compressions) => {
  let stage: Stage;
  let desk: Desk;
  let reader: Reader;
  let branchReadme: Block[];
  beforeAll(async () => {
    stage = await oddStage();
    const tags = truthOf(stage, 'tags').map(([id]) => stage.world.render('tags', id));
    for (const pattern of ODD) expect(tags.join('\n')).toMatch(pattern);
    const results = await publish(stage, format, compressions.split(' '));
    desk = await openDesk(stage);
    reader = new Reader(stage, desk, format, results);
    const readme = String((await stage.github.repository.files(BRANCH)).get('README.md'));
    branchReadme = blocksOf('README.md of the data branch', readme).filter(isTyped);
  });
  beforeEach(() => desk.clear());
  afterAll(() => stage.close());

  test('README.md', async () => {
    await reader.follow(typedIn('README.md'));
  });

  describe('docs/reading-the-data.md', () => {
    const blocks = typedIn('docs/reading-the-data.md');
    const isAbout = (pattern: RegExp) => (block: Block) => pattern.test(block.text);

    test('over artifacts', async () => {
      await reader.follow(blocks.filter(block => !isAbout(/^git /)(block)));
    });

    test('over the data branch', async () => {
      const clone = branchReadme.filter(isAbout(/^git clone /));
      expect(clone).toHaveLength(1);
      await reader.follow([...clone, ...blocks.filter(block => !isAbout(/^gh /)(block))]);
    });
  });

  test('README.md of the data branch', async () => {
    expect(branchReadme.map(({ language }) => language)).toEqual(['sh', 'sh', 'sh', 'sql', 'python']);
    await reader.follow(branchReadme);
  });
});
