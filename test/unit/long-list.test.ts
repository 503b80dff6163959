// A list of any length comes to an end, also one that goes round.
import { expect, test } from 'vitest';
import type { Client } from '../../src/kustomer/client.ts';
import { openLongList } from '../../src/kustomer/lists.ts';
import { OLD_NOTES } from '../../src/kustomer/streams.ts';

test('a list of 25,000 that begins again under other page numbers is noticed when it does', async () => {
  const round = 250;
  let asked = 0;
  const client = {
    origin: 'https://kustomer.example',
    async send({ path }: { path: string }) {
      asked++;
      const page = Number(new URL(path, 'https://kustomer.example').searchParams.get('page'));
      const first = ((page - 1) % round) * 100;
      const data = Array.from({ length: 100 }, (_, n) => ({ id: `note-${first + n}`, type: 'note' }));
      return { data, links: { next: `/v1/notes?page=${page + 1}` } };
    },
  } as unknown as Client;
  const list = openLongList({ client, stream: OLD_NOTES, onRecord: () => {} });
  const until = (most: number) => async () => {
    if (asked > most) throw new Error('still going round');
  };
  await expect(list.pass(until(2 * round))).rejects.toThrow('leads round in a circle');
  expect(asked).toBeLessThan(round + 5);
});
