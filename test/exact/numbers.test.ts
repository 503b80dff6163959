// Numbers that no double holds, from the source to the line that is published.
import { expect, test } from 'vitest';
import { Lines } from '../../src/records/record.ts';
import type { Resource } from '../../src/sync/source.ts';
import type { RecordFormat } from '../../src/sync/state.ts';
import { EXOTIC } from '../world/kustomer/index.ts';
import { DAY, HOUR, NOON, Reader } from '../world/reader.ts';
import { cost, pageText } from './numbers.ts';

function line(resource: Resource, format: RecordFormat): string {
  const lines = new Lines(1_024);
  lines.add(resource, { recordFormat: format });
  return String(lines.bytes());
}

const LONG = [
  '9007199254740993',
  '-9007199254740995',
  '100000000000000000000000001',
  '12345678.123456789012345678901',
  '1e400',
  '18446744073709551615',
];

test('long numbers arrive in the published line digit by digit, in both formats', async () => {
  await using reader = await Reader.open({ exoticEvery: 1 });
  reader.world.populate({ conversations: 300 }, { from: NOON - 9 * DAY, to: NOON - HOUR });
  const lines = { raw: new Map<string, string>(), flat: new Map<string, string>() };
  const run = await reader.run('conversations', {
    startDate: NOON - 10 * DAY,
    onRecord: resource => {
      for (const format of ['raw', 'flat'] as const) lines[format].set(resource.id, line(resource, format));
    },
  });
  expect(run.complete).toBe(true);
  expect(Object.keys(EXOTIC)).toContain('numbers');
  const source = [...reader.world.truth('conversations').keys()].map(
    id => [id, reader.world.render('conversations', id)] as const,
  );
  const long = source.filter(([, text]) => text.includes(LONG[0] as string));
  expect(long.length).toBeGreaterThan(10);
  for (const [id] of long) {
    for (const format of ['raw', 'flat'] as const) {
      for (const number of LONG)
        expect(lines[format].get(id)).toMatch(new RegExp(`[:,\\[]${number.replace('.', '\\.')}[,\\]}]`));
    }
  }
});

test('a page without long numbers is parsed about as fast as JSON.parse does it', () => {
  // Measured at about 1.03 on an idle machine; the bound is wide because the machine may not be idle.
  expect(cost(pageText(Number.POSITIVE_INFINITY), 40).ratio).toBeLessThan(1.5);
});
