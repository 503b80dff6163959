// What the log says that requests to Kustomer wait for, and what it shows of their paths.
import { expect, test } from 'vitest';
import { pathForLog, STREAMS } from '../../src/kustomer/streams.ts';
import { openWaits } from '../../src/kustomer/waits.ts';

function waits(pausedMs = 0, msUntilStart = 0) {
  return openWaits({ pausedMs: () => pausedMs, msUntilStart: () => msUntilStart });
}

test('a run that waits for nothing says nothing', () => {
  const none = waits(0, 9_000);
  expect(none.describe()).toBe('');
  none.sent('messages');
  expect(none.describe()).toBe('');
});

test('the rate limit comes first, since nothing can start before it ends', () => {
  const each = waits(12_000, 3_000);
  each.budget('search');
  each.retries('notes', 4_000);
  expect(each.describe()).toBe('waiting 12 s for the rate limit');
});

test('a request budget and a further try are named while no request is under way', () => {
  const each = waits(0, 20_000);
  const start = each.budget('search');
  expect(each.isAnyForBudget()).toBe(true);
  expect(each.describe()).toBe('waiting 20 s for the request budget');
  start();
  const done = each.retries('notes', 4_000);
  expect(each.describe()).toBe('waiting 4 s to try again for notes');
  const answered = each.sent('tags');
  expect(each.describe()).toBe('');
  answered();
  done();
  expect([each.describe(), each.isAnyForBudget()]).toEqual(['', false]);
});

test('a path is shown without its query, and what a link has made up is not shown', () => {
  expect(pathForLog('/v1/customers/search?page=1&pageSize=500')).toBe('/v1/customers/search');
  expect(pathForLog('/v1/klasses?status=enabled')).toBe('/v1/klasses');
  for (const stream of STREAMS)
    if (stream.kind === 'list') expect(pathForLog(`${stream.path}?page=2`)).toBe(stream.path);
  for (const path of ['/v1/tags/Quenya', '/v1/Quenya', '/v1/users#Quenya', '//Quenya/v1/users', ''])
    expect(pathForLog(path)).toBe('(another path)');
});
