// What follows an attempt: use the response, retry, or give up.
import { describe, expect, test } from 'vitest';
import { decide, type RequestAttempt } from '../../src/kustomer/retry.ts';

const NOW = Date.parse('2026-11-23T12:00:00.000Z');
const decision = (status: number, headers: RequestAttempt['headers'] = {}, more: Partial<RequestAttempt> = {}) =>
  decide({ status, headers, earlier: [], now: NOW, random: 0, ...more });
const failed = (n: number) => ({ earlier: Array<number>(n).fill(500) });
const rateLimited = (n: number) => ({ earlier: Array<number>(n).fill(429) });
const waitAfter429 = (headers: RequestAttempt['headers']) => {
  const found = decision(429, headers);
  if (found.kind !== 'retry') throw new Error('there is no retry');
  expect(found.pausesAll).toBe(true);
  return found.waitMs;
};
const httpDate = (ms: number) => new Date(NOW + ms).toUTCString();

test('a success is used, whatever its headers say', () => {
  expect(decision(200, { 'x-ratelimit-remaining': '0', 'retry-after': '60' })).toEqual({ kind: 'use' });
  expect(decision(201)).toEqual({ kind: 'use' });
});

describe('a refusal is final', () => {
  test.each([
    [401, 'unauthorized'],
    [403, 'missing-role'],
    [400, 'request-refused'],
    [404, 'request-refused'],
    [409, 'request-refused'],
    [422, 'request-refused'],
    [301, 'request-refused'],
    [302, 'request-refused'],
    [307, 'request-refused'],
  ])('%i: %s', (status, code) => {
    expect(decision(status)).toEqual({ kind: 'give-up', code });
    expect(decision(status, { 'retry-after': '1' })).toEqual({ kind: 'give-up', code });
  });
});

describe('a temporary failure is retried, and pauses no other request', () => {
  test.each([0, 408, 425, 500, 502, 503, 504, 520, 599])('%i', status => {
    expect(decision(status)).toMatchObject({ kind: 'retry', pausesAll: false });
  });

  test('after waits that grow, with jitter', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7].map(n => decision(500, {}, { ...failed(n), random: 0.5 }));
    const ms = waits.map(each => (each.kind === 'retry' ? each.waitMs : Number.NaN));
    expect(ms).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    const [low, high] = [0, 1].map(random => decision(500, {}, { random }));
    expect(low).toMatchObject({ waitMs: 375 });
    expect(high).toMatchObject({ waitMs: 625 });
  });

  test('up to a limit', () => {
    expect(decision(500, {}, failed(7)).kind).toBe('retry');
    expect(decision(500, {}, failed(8))).toEqual({ kind: 'give-up', code: 'no-usable-answer' });
    expect(decision(0, {}, failed(8))).toEqual({ kind: 'give-up', code: 'no-usable-answer' });
  });

  test('and not where the run can do without', () => {
    const optional = { isOptional: true };
    expect(decision(500, {}, optional)).toEqual({ kind: 'give-up', code: 'no-usable-answer' });
    expect(decision(429, {}, optional)).toMatchObject({ kind: 'retry', pausesAll: true });
    expect(decision(200, {}, optional)).toEqual({ kind: 'use' });
  });

  test('up to a lower limit where a request for less may not take so long', () => {
    expect(decision(504, {}, { ...failed(4), maySplit: true }).kind).toBe('retry');
    expect(decision(504, {}, { ...failed(5), maySplit: true })).toEqual({ kind: 'give-up', code: 'no-usable-answer' });
  });

  test('after Retry-After, up to a minute', () => {
    expect(decision(503, { 'retry-after': '7' })).toMatchObject({ waitMs: 7_000 });
    expect(decision(503, { 'retry-after': httpDate(9_000) })).toMatchObject({ waitMs: 9_000 });
    expect(decision(503, { 'retry-after': '86400' })).toMatchObject({ waitMs: 60_000 });
    expect(decision(503, { 'retry-after': 'soon' })).toMatchObject({ waitMs: 375 });
  });
});

describe('after a 429 all requests wait', () => {
  test.each<[string, RequestAttempt['headers'], number]>([
    ['Retry-After in seconds', { 'retry-after': '12' }, 12_000],
    ['Retry-After as a date', { 'retry-after': httpDate(20_000) }, 20_000],
    ['a date that has passed', { 'retry-after': httpDate(-20_000) }, 1_000],
    ['zero', { 'retry-after': '0' }, 1_000],
    ['an absurd Retry-After', { 'retry-after': '999999' }, 65_000],
    ['an absurd date', { 'retry-after': httpDate(86_400_000) }, 65_000],
    ['the reset in epoch seconds', { 'x-ratelimit-reset': String(NOW / 1_000 + 30) }, 30_000],
    ['the reset in epoch milliseconds', { 'x-ratelimit-reset': String(NOW + 31_000) }, 31_000],
    ['the reset as a number of seconds', { 'x-ratelimit-reset': '32' }, 32_000],
    ['a reset that has passed', { 'x-ratelimit-reset': String(NOW / 1_000 - 30) }, 1_000],
    ['a reset in years', { 'x-ratelimit-reset': String(NOW / 1_000 + 1e8) }, 65_000],
    ['Retry-After before the reset', { 'retry-after': '5', 'x-ratelimit-reset': '50' }, 5_000],
    ['the reset where Retry-After is no time', { 'retry-after': 'later', 'x-ratelimit-reset': '40' }, 40_000],
    ['neither', {}, 60_000],
    ['both empty', { 'retry-after': '', 'x-ratelimit-reset': ' ' }, 60_000],
    ['both nonsense', { 'retry-after': 'x', 'x-ratelimit-reset': 'NaN' }, 60_000],
    ['a header that came twice', { 'retry-after': ['1', '2'] }, 60_000],
  ])('%s', (_what, headers, ms) => {
    expect(waitAfter429(headers)).toBe(ms);
  });

  test('with jitter, so that not all clients come back at once', () => {
    expect(decision(429, { 'retry-after': '1' }, { random: 1 })).toMatchObject({ waitMs: 1_250 });
  });

  test('and twice as long each time that the same request is refused again', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 19].map(n => decision(429, { 'retry-after': '1' }, rateLimited(n)));
    const ms = waits.map(each => (each.kind === 'retry' ? each.waitMs : Number.NaN));
    expect(ms).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(decision(429, { 'retry-after': '50' }, rateLimited(3))).toMatchObject({ waitMs: 50_000 });
  });

  test('and neither other failures nor a 429 counts for the limit of the other', () => {
    expect(decision(429, {}, failed(8)).kind).toBe('retry');
    expect(decision(500, {}, rateLimited(19)).kind).toBe('retry');
  });

  test('up to a limit', () => {
    expect(decision(429, {}, rateLimited(19)).kind).toBe('retry');
    expect(decision(429, {}, rateLimited(20))).toEqual({ kind: 'give-up', code: 'rate-limited' });
  });
});
