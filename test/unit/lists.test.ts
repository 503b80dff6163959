// The pages of a list end, even where the list leads round in a circle.
import { describe, expect, test } from 'vitest';
import type { Client } from '../../src/kustomer/client.ts';
import { parseResponse } from '../../src/kustomer/json.ts';
import { openList, openLongList } from '../../src/kustomer/lists.ts';
import { type ListStream, STREAMS } from '../../src/kustomer/streams.ts';

test('a list that starts again after 25,000 records, under new page numbers, is noticed at once', async () => {
  const pages = 250;
  let requests = 0;
  const client = {
    origin: 'https://kustomer.example',
    async send({ path }: { path: string }) {
      requests++;
      const page = Number(new URL(path, 'https://kustomer.example').searchParams.get('page'));
      const first = ((page - 1) % pages) * 100;
      const data = Array.from({ length: 100 }, (_, n) => ({ id: `tag-${first + n}`, type: 'tag' }));
      return { data, links: { next: `/v1/tags?page=${page + 1}` } };
    },
  } as unknown as Client;
  const stream = STREAMS.find(({ name }) => name === 'tags') as ListStream;
  const list = openLongList({ client, stream, includeDeleted: true, onRecord: () => {} });
  const failAfter = (most: number) => async () => {
    if (requests > most) throw new Error('still reading');
  };
  await expect(list.pass(failAfter(2 * pages))).rejects.toThrow('leads round in a circle');
  expect(requests).toBeLessThan(pages + 5);
});

test('a second pass has the records of the first one where they are equal, so that a list is in memory once', async () => {
  let name = 'first';
  const client = {
    origin: 'https://kustomer.example',
    async send() {
      const [same, other] = [
        { id: 'a', type: 'shortcut' },
        { id: 'b', type: 'shortcut', attributes: { name } },
      ];
      return parseResponse(Buffer.from(JSON.stringify({ data: [same, other], links: { next: null } })));
    },
  } as unknown as Client;
  const stream = STREAMS.find(each => each.name === 'shortcuts') as ListStream;
  const list = openList({ client, stream, includeDeleted: true, onRecord: () => {} });
  const first = (await list.pass()).records;
  name = 'second';
  const second = (await list.pass(first)).records;
  expect(second.get('a')).toBe(first.get('a'));
  expect(String(second.get('b')?.json)).toContain('"second"');
});

describe.each(['last', 'first'] as const)(
  'a list without links that shows its %s page again beyond its end',
  beyond => {
    const options = (records: number) => {
      const last = records / 100;
      const send = async ({ path }: { path: string }) => {
        const asked = Number(new URL(path, 'https://kustomer.example').searchParams.get('page'));
        const page = asked <= last ? asked : beyond === 'last' ? last : 1;
        const data = Array.from({ length: 100 }, (_, n) => ({ id: `${page}-${n}`, type: 'shortcut' }));
        return parseResponse(Buffer.from(JSON.stringify({ data })));
      };
      const client = { origin: 'https://kustomer.example', send } as unknown as Client;
      const stream = STREAMS.find(({ name }) => name === 'shortcuts') as ListStream;
      return { client, stream: { ...stream, pageSize: 100 }, includeDeleted: true, onRecord: () => {} };
    };

    test('is cut at 10,000 records, and not at 9,900', async () => {
      for (const [records, isCut] of [
        [10_000, true],
        [9_900, false],
      ] as const) {
        expect(await openLongList(options(records)).pass(async () => {})).toMatchObject({ isCut });
        expect(await openList(options(records)).pass()).toMatchObject({ isCut });
      }
    });
  },
);
