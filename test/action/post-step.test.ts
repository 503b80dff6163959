// A cancel, and the workflow of three steps: what main has not done is done by the post step, or by the next run.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, longDescribe } from '../forms.ts';
import { DEFAULT_TOKEN } from '../world/kustomer/index.ts';
import { runJob } from '../world/runner/index.ts';
import { ACTION, type Line, openStage, type Stage } from '../world/stage.ts';
import { cloned, FLAWLESS, faults, HOUR, populate, uploaded } from './publishing.ts';
import { requested } from './support.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
  populate(stage);
});
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

const change = () => stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });

test('after a run that has done everything, the post step does nothing', async () => {
  let before = 0;
  const startsPost = () => {
    before = stage.github.traffic.log.length;
    return true;
  };
  const { post } = await stage.sync({ startsPost });
  expect(post).toMatchObject({ exitCode: 0, rawLog: '', outputs: {}, rawSummary: '', annotations: [] });
  expect(before).toBeGreaterThan(0);
  expect(stage.github.traffic.log.length).toBe(before);
});

describe('a cancel', () => {
  test.each(few([0, 1, 2, 3, 4, 5]))('at a random moment loses nothing and doubles nothing (%i)', async n => {
    const destination = n % 2 === 0 ? 'artifact' : 'branch';
    const inputs = { destination };
    const started = Date.now();
    let cancelledAt = Number.NaN;
    const result = await stage.sync({
      with: inputs,
      cancelAfter: async () => {
        await requested(stage, 3 + 6 * n);
        cancelledAt = Date.now();
      },
    });
    expect(result.ms - (cancelledAt - started)).toBeLessThan(7_000);
    expect(result.signals).not.toContain('SIGKILL');
    expect(result.conclusion).toBe('cancelled');
    change();
    expect((await stage.sync({ with: inputs })).exitCode).toBe(0);
    expect(faults(stage, await (destination === 'branch' ? cloned(stage) : uploaded(stage)))).toEqual(FLAWLESS);
  });

  test.each(few(['artifact', 'branch']))(
    'while GitHub is too slow for main leaves the rest to the post step (%s)',
    async destination => {
      const operation = destination === 'artifact' ? 'CreateArtifact' : 'git.createBlob';
      stage.github.traffic.fault(operation, { kind: 'hang' });
      let publishing = () => {};
      const moment = new Promise<void>(resolve => {
        publishing = resolve;
      });
      stage.github.traffic.onRequest(exchange => {
        if (exchange.operation === operation) publishing();
      });
      const result = await stage.sync({ with: { destination }, cancelAfter: moment });
      expect(result.ms).toBeLessThan(9_000);
      expect(result.signals).not.toContain('SIGKILL');
      expect(result.outputs['state-saved']).toBe('false');
      expect(result.log).toContain('state is saved by the post step');
      expect(result.post?.conclusion, result.post?.log).toBe('success');
      expect(result.post?.log).toContain('Publishing what the main step had read');
      expect(faults(stage, await (destination === 'branch' ? cloned(stage) : uploaded(stage)))).toEqual(FLAWLESS);
      expect((await stage.sync({ with: { destination } })).outputs.records).toBe('0');
    },
  );
});

longDescribe('a workflow of three steps', () => {
  const loaded: Line[] = [];
  let attempt = 0;
  async function job() {
    return runJob({
      context: stage.github.job(),
      root: stage.root,
      steps: [
        {
          id: 'sync',
          uses: ACTION,
          with: {
            token: DEFAULT_TOKEN,
            'api-url': stage.kustomer.url,
            'search-requests-per-minute': '100000',
            'requests-per-minute': '100000',
            destination: 'none',
          },
        },
        {
          run: async ({ steps }) => {
            if (++attempt === 1) throw new Error('the warehouse is closed');
            const manifest = JSON.parse(await readFile(String(steps.sync?.outputs.manifest), 'utf8'));
            for (const { path } of manifest.files) {
              const text = await readFile(join(String(steps.sync?.outputs['output-dir']), path), 'utf8');
              loaded.push(
                ...text
                  .trimEnd()
                  .split('\n')
                  .map(line => JSON.parse(line) as Line),
              );
            }
          },
        },
        { run: () => {} },
      ],
    });
  }

  test('has loaded every record after the run whose load works, and none twice', async () => {
    attempt = 0;
    const closed = await job();
    expect(closed.conclusion).toBe('failure');
    expect(stage.github.caches()).toEqual([]);
    expect(closed.steps[0]?.post?.annotations.map(({ message }) => message)).toEqual([
      expect.stringContaining('the next run delivers the same records again'),
    ]);
    expect((await job()).conclusion).toBe('success');
    change();
    expect((await job()).conclusion).toBe('success');
    const byStream = new Map<string, Line[]>();
    const streamOf = (type: string) => `${type.split('.')[0]}s`;
    for (const line of loaded) byStream.set(streamOf(line.type), [...(byStream.get(streamOf(line.type)) ?? []), line]);
    expect(faults(stage, byStream as never)).toEqual(FLAWLESS);
    expect(loaded).toHaveLength(39);
  });
});
