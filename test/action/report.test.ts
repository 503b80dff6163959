// What a run says: outputs, a summary, annotations and a log, and what is never said in any of them.
import { describe, expect, test } from 'vitest';
import { utc } from '../../src/report/format.ts';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, STREAMS, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { annotations, expectGreen, expectRed, OUTPUTS, populate, streamsOf, texts, wrongs } from './support.ts';
import { expectError } from './troubles.ts';

async function open(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage(options);
  populate(stage);
  return stage;
}

describe('the outputs', () => {
  test('of a run that read something say where it is', async () => {
    await using stage = await open();
    const result = await stage.sync();
    expectGreen(result);
    const [artifact] = stage.github.artifacts();
    const runId = stage.github.repository.runs.at(-1)?.id;
    expect(result.outputs).toMatchObject({
      complete: 'true',
      'artifact-id': String(artifact?.id),
      'artifact-url': `https://github.com/acme/support-data/actions/runs/${runId}/artifacts/${artifact?.id}`,
      'artifact-digest': artifact?.digest.replace('sha256:', ''),
      commit: '',
      'state-saved': 'true',
      'state-generation': '1',
    });
    expect(result.outputs.manifest).toBe(`${result.outputs['output-dir']}/manifest.json`);
    expect(result.outputs['output-dir']?.startsWith(result.paths.temp)).toBe(true);
    const streams = streamsOf(result);
    expect(streams.map(({ name }) => name)).toEqual(STREAMS);
    for (const each of streams) {
      expect(Object.keys(each).sort()).toEqual(['from', 'mode', 'name', 'outcome', 'records', 'requests', 'to']);
      // The list of klasses is asked for on behalf of the KObjects, and definitions on behalf of those that have attributes.
      const own = stage.kustomer.requests.filter(({ stream, path }) => {
        const kind = path === '/v1/klasses' ? 'kobject' : /^\/v1\/metadata\/([a-z]+)/.exec(path)?.[1];
        return (kind === undefined ? stream : `${kind}s`) === each.name;
      });
      expect(each.requests, each.name).toBe(own.length);
      expect(each.records).toBe(stage.world.truth(each.name as Stream).size);
    }
  });

  test('are texts, each of them, when nothing was read too', async () => {
    await using stage = await openStage();
    const result = await stage.sync();
    expect(result.exitCode).toBe(0);
    expect(Object.keys(result.outputs).sort()).toEqual(OUTPUTS);
    expect(result.outputs).toMatchObject({ records: '0', complete: 'true', 'artifact-id': '' });
  });
});

/** A time of the outputs as the summary has it. */
function said(time: string): string {
  return utc(Date.parse(time)).replace(' UTC', '');
}

describe('the summary', () => {
  /** Cells of the table of details, by stream. */
  function table({ summary }: ActionResult): Record<string, string[]> {
    const rows = summary.split('\n').filter(line => line.startsWith('|'));
    const cells = rows.map(row =>
      row
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim()),
    );
    const at = cells.findIndex(each => each[1] === 'Mode');
    expect(cells[at]).toEqual(['Stream', 'Mode', 'Outcome', 'Records', 'Read from (UTC)', 'To (UTC)', 'Requests']);
    return Object.fromEntries(cells.slice(at + 2).map(row => [row[0] as string, row]));
  }

  test('is a table of streams, and says where the data went and what became of the state', async () => {
    await using stage = await open();
    const result = await stage.sync({ with: { streams: 'all, tags:full_refresh', 'start-date': '2026-01-01' } });
    const rows = table(result);
    expect(Object.keys(rows)).toEqual(STREAMS);
    for (const { name, mode, outcome, records, from, to, requests } of streamsOf(result)) {
      const [, ...cells] = rows[name] ?? [];
      expect(cells).toEqual([
        mode,
        expect.stringContaining(outcome),
        records.toLocaleString('en-US'),
        said(from),
        said(to),
        String(requests),
      ]);
    }
    expect(rows.tags?.[1]).toBe('full_refresh');
    expect(result.summary).toContain(`**${result.outputs.records} records**`);
    expect(result.summary).toContain(`[kustomer-sync](${result.outputs['artifact-url']})`);
    expect(result.summary).toContain('state generation 1 saved');
  });

  longTest('says what failed and what to do, beside what went well', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'status', status: 400, times: Infinity, match: { stream: 'notes' } });
    const result = await stage.sync({ with: { streams: 'notes, tags' } });
    expectRed(result);
    const rows = table(result);
    expect(rows.notes?.[2]).toContain('failed');
    expect(rows.tags?.[2]).toContain('complete');
    const [error = ''] = annotations(result, 'error');
    expect(result.summary).toContain(`> ${error}`);
    expect(streamsOf(result).find(({ name }) => name === 'notes')?.error).toBe(error);
  });

  longTest('is there when the run was refused', async () => {
    await using stage = await open();
    const result = await stage.sync({ with: { settle: 'x' } });
    expect(result.summary).toMatch(/^## ❌ Kustomer sync failed/);
    expect(result.summary).toContain(annotations(result, 'error')[0]?.split('.')[0]);
  });
});

describe('what is said nowhere', () => {
  /** Texts out of the records of a world that are long enough to be found by accident nowhere else. */
  function contents(stage: Stage): Set<string> {
    const found = new Set<string>();
    // Ids and times may be said: the state is made of them.
    const plain = /^(?:[0-9a-f]{24}|\d{4}-\d\d-\d\dT[\d:.]+Z)$/;
    for (const stream of STREAMS) {
      for (const id of stage.world.truth(stream).keys()) {
        JSON.parse(stage.world.render(stream, id), (key, value) => {
          if (typeof value === 'string' && value.length >= 9 && !plain.test(value) && key !== 'type') {
            for (const line of value.split('\n')) if (line.trim().length >= 9) found.add(line.trim());
          }
          return value;
        });
      }
    }
    return found;
  }

  test.each(few([false, true]))(
    'is the token, a header or anything out of a record, with debug logging: %s',
    async debug => {
      await using stage = await open();
      const { faults } = stage.kustomer;
      // Trouble on the way makes the log talk.
      faults.add({ kind: 'cut-body', match: { stream: 'users' } });
      faults.add({ kind: 'cut-chunked', match: { stream: 'notes' } });
      const errors = [{ message: 'no "leaking text"', meta: 'leaking-error-text' }, { message: 'leaking-error-text' }];
      faults.add({ kind: 'errors-200', errors, match: { stream: 'customers' } });
      const times = Number.POSITIVE_INFINITY;
      faults.add({ kind: 'status', status: 400, times, body: { errors }, match: { stream: 'messages' } });
      faults.add({
        kind: 'status',
        status: 429,
        headers: { 'retry-after': '1', 'x-secret': 'leaking-header' },
        match: { stream: 'tags' },
      });
      const result = await stage.sync({ debug });
      expectRed(result);
      expect(result.log.includes('##[debug]')).toBe(debug);
      // Each request is a line: no query, no body, no header.
      const requests = result.log.match(
        /^##\[debug\](?:GET|POST) \/v1\/[a-z/]+: (?:\d{3}(?:, \d+ bytes)?|no response \(\w+\)), \d+ ms; /gm,
      );
      expect(requests?.length ?? 0).toBe(debug ? stage.kustomer.requests.length : 0);
      // Not thanks to the masks: without them there is nothing to see either.
      const said = `${texts(result)}\n${result.rawLog
        .split('\n')
        .filter(line => !line.startsWith('::add-mask::'))
        .join('\n')}`;
      expect(said).not.toContain(DEFAULT_TOKEN);
      expect(said).not.toContain('leaking');
      expect(said.toLowerCase()).not.toContain('authorization');
      const words = contents(stage);
      expect(words.size).toBeGreaterThan(1_000);
      expect([...words].filter(word => said.includes(word))).toEqual([]);
    },
  );

  test('is the token of GitHub and of the runtime, in what the action itself says', async () => {
    await using stage = await open();
    const result = await stage.sync({ debug: true, with: { streams: 'messages, tags' } });
    expect(result.log).not.toContain('ghs_main');
    expect(result.rawSummary + JSON.stringify(result.outputs)).not.toContain('ghs_main');
    expect(result.rawLog.split('\n')[0]).toBe(`::add-mask::${DEFAULT_TOKEN}`);
  });
});

describe('a public repository', () => {
  const unknown = { repository: undefined };

  test.each<[string, StageOptions, Record<string, unknown>, RegExp]>(
    few([
      ['by what the event says', { github: { visibility: 'public' } }, {}, /acme\/support-data is public/],
      ['by what the API says, where the event does not', { github: { visibility: 'public' } }, unknown, /is public/],
      [
        'where nobody says',
        { github: { tokens: { ghs_none: {} } } },
        unknown,
        /^The token does not let the action see the repository acme\/support-data \(404: fault on demand\), so it counts as public/,
      ],
      [
        'where GitHub has no answer',
        {},
        unknown,
        /^GitHub did not say whether the repository acme\/support-data is public \(500: fault on demand\), .* Run again later/,
      ],
    ]),
  )('is refused %s: nothing is published, and the way out is told', async (_how, options, payload, message) => {
    await using stage = await open(options);
    const status = { 'where nobody says': 404, 'where GitHub has no answer': 500 }[_how];
    if (status !== undefined) stage.github.traffic.fault('repos.get', { kind: 'status', status }, { times: Infinity });
    const result = await stage.sync({ job: { payload } });
    expectRed(result);
    expect(annotations(result, 'error')).toHaveLength(1);
    expect(annotations(result, 'error')[0]).toMatch(message);
    expect(annotations(result, 'error')[0]).toContain('`allow-public: true`');
    expectError(result, _how === 'where nobody says' ? 'repository-not-visible' : 'public-repository');
    expect(result.outputs).toMatchObject({ records: '0', 'artifact-id': '', 'state-saved': 'false' });
    expect([stage.github.artifacts(), stage.github.caches()]).toEqual([[], []]);
    expect(stage.kustomer.requests).toEqual([]);
  });

  test.each(
    few([
      { visibility: 'shared', private: true },
      { visibility: null, private: false },
    ]),
  )('is what one may be that GitHub describes in other words: the API is asked, and counts (%j)', async words => {
    const described = { repository: { ...words, default_branch: 'main' } };
    await using stage = await open({ github: { visibility: 'public' } });
    expectRed(await stage.sync({ job: { payload: described } }));
    stage.github.traffic.fault('repos.get', { kind: 'status', status: 200, body: words }, { times: Infinity });
    expectRed(await stage.sync({ job: { payload: unknown } }));
    expect(stage.github.artifacts()).toEqual([]);
    await using hidden = await open();
    expectGreen(await hidden.sync({ with: { streams: 'tags' }, job: { payload: described } }));
  });

  test('is accepted with allow-public, and needs none where nothing is published', async () => {
    await using stage = await open({ github: { visibility: 'public' } });
    const result = await stage.sync({ with: { 'allow-public': 'true', streams: 'tags' } });
    expectGreen(result);
    const none = await stage.sync({ with: { destination: 'none', 'state-id': 'none', streams: 'tags' } });
    expect(none.exitCode, none.log).toBe(0);
    expect(stage.github.artifacts()).toHaveLength(1);
  });

  longTest.each(few(['private', 'internal'] as const))(
    'is what a repository that is %s is not, by the event or the API',
    async visibility => {
      await using stage = await open({ github: { visibility } });
      expectGreen(await stage.sync({ with: { streams: 'tags' } }));
      expectGreen(await stage.sync({ with: { streams: 'tags' }, job: { payload: unknown } }));
    },
  );
});

describe('publishing', () => {
  test.each<[string, Parameters<Stage['github']['traffic']['fault']>[1]]>(
    few([
      ['is refused', { kind: 'status', status: 403 }],
      ['meets an artifact of that name', { kind: 'status', status: 409 }],
    ]),
  )('that %s fails the run, and the state does not say that it was done', async (_what, fault) => {
    await using stage = await open();
    const undo = stage.github.traffic.fault('CreateArtifact', fault, { times: Infinity });
    const inputs = { streams: 'messages, tags' };
    const first = await stage.sync({ with: inputs });
    expectRed(first);
    expect(annotations(first, 'error')).toHaveLength(1);
    expect(first.outputs).toMatchObject({
      'artifact-id': '',
      'state-saved': 'false',
      'state-generation': '0',
      complete: 'false',
    });
    expect(stage.github.caches()).toEqual([]);
    undo();
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    expect(first.outputs.records).toBe('0');
    expect(await wrongs(stage, [second], ['messages', 'tags'])).toEqual([]);
  });

  longTest('beside another sync of the same run, under the same name, loses neither', async () => {
    await using stage = await open();
    const { runId } = stage.github.job();
    const job = { runId, sameAttempt: true };
    const halves = [
      { 'state-id': 'small', streams: 'tags,teams,users' },
      { 'state-id': 'large', streams: 'conversations,messages' },
    ];
    const results: ActionResult[] = [];
    for (const half of halves) results.push(await stage.sync({ job, with: half }));
    for (const result of results) expectGreen(result);
    const ids = results.map(({ outputs }) => Number(outputs['artifact-id']));
    expect(new Set(ids).size).toBe(2);
    for (const [n, id] of ids.entries()) {
      const files = [...(await stage.github.readArtifact(id)).keys()].filter(path => path.endsWith('.ndjson'));
      expect([...new Set(files.map(path => path.slice(0, path.indexOf('/'))))].sort().join()).toBe(halves[n]?.streams);
    }
  });

  test('takes the name and the retention that are asked for', async () => {
    await using stage = await open();
    expectGreen(await stage.sync({ with: { 'artifact-name': 'my data, 1', 'retention-days': '5', streams: 'tags' } }));
    const [artifact] = stage.github.artifacts();
    expect(artifact?.name).toBe('my data, 1');
    const days = ((artifact?.expiresAt?.getTime() ?? 0) - (artifact?.createdAt.getTime() ?? 0)) / 86_400_000;
    expect(days).toBeCloseTo(5, 1);
  });
});
