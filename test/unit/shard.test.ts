// A shard as the text that a workflow hands from job to job.
import { describe, expect, test } from 'vitest';
import { digest, formatMatrix, formatShard, parseMatrix, parseShard, type Shard } from '../../src/shards/shard.ts';

const shard: Shard = {
  number: 3,
  of: 8,
  plan: 'a1b2c3d4e5f6',
  window: { from: 0, to: Date.UTC(2025, 0, 1) },
  cutoff: Date.UTC(2025, 2, 1, 12, 0, 0, 500),
  inputs: '0f9e8d7c',
  generation: 12,
  search: new Map([
    [
      'messages',
      [
        { from: 0, to: Date.UTC(2024, 0, 1) },
        { from: Date.UTC(2024, 5, 1), to: Date.UTC(2024, 6, 1, 0, 0, 0, 7) },
      ],
    ],
  ]),
  lists: ['tags'],
  klasses: ['order', 'a "b", c=ä'],
};

describe('a shard as text', () => {
  test('is JSON that begins with its number, ends with its digest, and comes back as it was', () => {
    const text = formatShard(shard);
    expect(text).toMatch(/^\{"number":3,"of":8,"plan":"a1b2c3d4e5f6",.*,"digest":"[0-9a-f]{8}"\}$/);
    expect(JSON.parse(text)).toMatchObject({ number: 3, of: 8, lists: ['tags'] });
    expect(parseShard(text)).toEqual(shard);
    expect(parseShard(` ${text}\n`)).toEqual(shard);
    for (const klasses of [null, []]) expect(parseShard(formatShard({ ...shard, klasses }))?.klasses).toEqual(klasses);
  });

  test('is refused when anything of it is changed', () => {
    const text = formatShard(shard);
    for (let n = 0; n < text.length; n++) {
      expect(parseShard(`${text.slice(0, n)}${text.slice(n + 1)}`)).toBeNull();
      expect(parseShard(`${text.slice(0, n)}7x${text.slice(n + 1)}`)).toBeNull();
    }
    for (const other of ['', '3/8', '{}', 'null', '5', '[]', `${text} ${text}`]) expect(parseShard(other)).toBeNull();
  });

  test('is refused in another order or with something added, also with the digest of that', () => {
    const { digest: _, number, ...rest } = JSON.parse(formatShard(shard));
    const signed = (content: object) => JSON.stringify({ ...content, digest: digest(JSON.stringify(content)) });
    expect(parseShard(signed({ number, ...rest }))).toEqual(shard);
    expect(parseShard(signed({ ...rest, number }))).toBeNull();
    expect(parseShard(signed({ number, ...rest, more: 1 }))).toBeNull();
  });
});

describe('a matrix', () => {
  const texts = [1, 2, 3].map(number => formatShard({ ...shard, number, of: 3 }));
  const matrix = (...shards: unknown[]) => parseMatrix(JSON.stringify({ shard: shards }));

  test('is refused when it lacks a shard, has one twice, or has one of another plan', () => {
    expect(matrix(...texts)?.map(({ number }) => number)).toEqual([1, 2, 3]);
    const [a, b, c] = texts;
    const other = formatShard({ ...shard, number: 3, of: 3, plan: 'ffffffffffff' });
    for (const wrong of [[a, b], [a, b, b], [a, b, c, c], [a, c, b], [a, b, other], [a, b, 5], []])
      expect(matrix(...wrong)).toBeNull();
    for (const text of ['', '[]', 'null', '5', '{}', '{"shard":"x"}', '{"shard":[null]}'])
      expect(parseMatrix(text)).toBeNull();
  });

  test('of as many shards as there may be fits into one input, which is one environment variable of 128 KiB', () => {
    const range = { from: Date.UTC(2024, 0, 1), to: Date.UTC(2025, 0, 1) };
    const search = new Map(['conversations', 'messages'].map(name => [name, [range]]));
    const shards = Array.from({ length: 256 }, (_, n) =>
      formatShard({ ...shard, number: n + 1, of: 256, search, lists: [], klasses: null }),
    );
    expect(Buffer.byteLength(`INPUT_PLAN=${JSON.stringify({ shard: shards })}`)).toBeLessThan(0.8 * 128 * 1_024);
  });

  test('leaves out klasses that make it too long for that: each shard then looks for its own', () => {
    const plan = (klasses: readonly string[]) => [1, 2, 3, 4].map(number => ({ ...shard, number, of: 4, klasses }));
    const names = (n: number) => Array.from({ length: n }, (_, i) => `a klass with the number ${i}`);
    for (const [n, isThere] of [
      [500, true],
      [2_000, false],
    ] as const) {
      const matrix = formatMatrix(plan(names(n)));
      expect(Buffer.byteLength(`INPUT_PLAN=${matrix}`)).toBeLessThan(128 * 1_024);
      expect(parseMatrix(matrix)).toEqual(plan(names(n)).map(each => (isThere ? each : { ...each, klasses: null })));
    }
  });
});
