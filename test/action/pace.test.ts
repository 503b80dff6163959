// A 429 pauses everybody, once, for as long as the API says in whichever dialect; and then the run goes on.
import { afterEach, expect, test } from 'vitest';
import { few } from '../forms.ts';
import { openStage, type Stage } from '../world/stage.ts';

const DAY = 86_400_000;
let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1_000) + seconds;

test.each<[string, () => Record<string, string>]>(
  few([
    ['x-ratelimit-reset in epoch seconds', () => ({ 'x-ratelimit-reset': String(inSeconds(3)) })],
    ['x-ratelimit-reset in epoch milliseconds', () => ({ 'x-ratelimit-reset': String(Date.now() + 3_000) })],
    ['x-ratelimit-reset as seconds from now', () => ({ 'x-ratelimit-reset': '3' })],
    ['Retry-After in seconds', () => ({ 'retry-after': '3' })],
    ['Retry-After as a date', () => ({ 'retry-after': new Date(inSeconds(3) * 1_000).toUTCString() })],
  ]),
)('%s is kept by all streams', async (_, headers) => {
  stage = await openStage({ server: { latencyMs: 20 } });
  const { world, kustomer } = stage;
  const now = Date.now();
  world.populate({ conversations: 9_000, messages: 9_000, tags: 5 }, { from: now - 30 * DAY, to: now - DAY });
  // Two that are in flight together, when the run is in full swing, are refused together.
  const both = Promise.withResolvers<void>();
  kustomer.onRequest(async ({ n }) => {
    if (n !== 15 && n !== 16) return;
    if (n === 16) {
      const match = ({ n }: { n: number }) => n === 15 || n === 16;
      kustomer.faults.add({ kind: 'status', status: 429, headers: headers(), match, times: 2 });
      both.resolve();
    }
    await both.promise;
  });

  const result = await stage.sync({ with: { streams: 'conversations,messages,tags', destination: 'none' } });

  expect(result.outputs.complete).toBe('true');
  expect(result.outputs.records).toBe('18005');
  const refused = kustomer.requests.filter(({ status }) => status === 429);
  expect(refused.length).toBe(2);
  const last = Math.max(...refused.map(({ at }) => at));
  const next = kustomer.requests.filter(({ at }) => at > last).sort((a, b) => a.at - b.at);
  // What had left before the first refusal came back arrives a moment later.
  expect(next.filter(({ at }) => at > last + 500 && at < last + 1_000)).toEqual([]);
  expect((next.find(({ at }) => at > last + 500)?.at ?? 0) - last).toBeGreaterThan(1_500);
});
