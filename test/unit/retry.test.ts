// What an answer, or the lack of one, asks for.
import { describe, expect, test } from 'vitest';
import { type Attempt, judge } from '../../src/kustomer/retry.ts';

const NOW = Date.parse('2026-11-23T12:00:00.000Z');
const verdict = (status: number, headers: Attempt['headers'] = {}, more: Partial<Attempt> = {}) =>
  judge({ status, headers, failures: 0, refusals: 0, now: NOW, chance: 0, ...more });
const waitAfter429 = (headers: Attempt['headers']) => {
  const found = verdict(429, headers);
  if (found.kind !== 'again') throw new Error('it is not asked again');
  expect(found.everybody).toBe(true);
  return found.waitMs;
};
const httpDate = (ms: number) => new Date(NOW + ms).toUTCString();

test('a success is used, whatever else it says', () => {
  expect(verdict(200, { 'x-ratelimit-remaining': '0', 'retry-after': '60' })).toEqual({ kind: 'use' });
  expect(verdict(201)).toEqual({ kind: 'use' });
});

describe('a refusal is final', () => {
  test.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [400, 'refused'],
    [404, 'refused'],
    [409, 'refused'],
    [422, 'refused'],
    [301, 'refused'],
    [302, 'refused'],
    [307, 'refused'],
  ])('%i: %s', (status, why) => {
    expect(verdict(status)).toEqual({ kind: 'give-up', why });
    expect(verdict(status, { 'retry-after': '1' })).toEqual({ kind: 'give-up', why });
  });
});

describe('trouble that passes is asked again, and concerns nobody else', () => {
  test.each([0, 408, 425, 500, 502, 503, 504, 520, 599])('%i', status => {
    expect(verdict(status)).toMatchObject({ kind: 'again', everybody: false });
  });

  test('the waits grow, and are never twice the same for two clients', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7].map(failures => verdict(500, {}, { failures, chance: 0.5 }));
    const ms = waits.map(each => (each.kind === 'again' ? each.waitMs : Number.NaN));
    expect(ms).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    const [low, high] = [0, 1].map(chance => verdict(500, {}, { chance }));
    expect(low).toMatchObject({ waitMs: 375 });
    expect(high).toMatchObject({ waitMs: 625 });
  });

  test('and they end', () => {
    expect(verdict(500, {}, { failures: 7 }).kind).toBe('again');
    expect(verdict(500, {}, { failures: 8 })).toEqual({ kind: 'give-up', why: 'outage' });
    expect(verdict(0, {}, { failures: 8 })).toEqual({ kind: 'give-up', why: 'outage' });
  });

  test('Retry-After is waited for, up to a minute', () => {
    expect(verdict(503, { 'retry-after': '7' })).toMatchObject({ waitMs: 7_000 });
    expect(verdict(503, { 'retry-after': httpDate(9_000) })).toMatchObject({ waitMs: 9_000 });
    expect(verdict(503, { 'retry-after': '86400' })).toMatchObject({ waitMs: 60_000 });
    expect(verdict(503, { 'retry-after': 'soon' })).toMatchObject({ waitMs: 375 });
  });
});

describe('after a 429 everybody waits', () => {
  test.each<[string, Attempt['headers'], number]>([
    ['Retry-After in seconds', { 'retry-after': '12' }, 12_000],
    ['Retry-After as a date', { 'retry-after': httpDate(20_000) }, 20_000],
    ['a date that has passed', { 'retry-after': httpDate(-20_000) }, 1_000],
    ['nought', { 'retry-after': '0' }, 1_000],
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

  test('a little more by chance, so that not all come back at once', () => {
    expect(verdict(429, { 'retry-after': '1' }, { chance: 1 })).toMatchObject({ waitMs: 1_250 });
  });

  test('twice as long each time that the same request is refused again: it was told too little', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 19].map(refusals => verdict(429, { 'retry-after': '1' }, { refusals }));
    const ms = waits.map(each => (each.kind === 'again' ? each.waitMs : Number.NaN));
    expect(ms).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(verdict(429, { 'retry-after': '50' }, { refusals: 3 })).toMatchObject({ waitMs: 50_000 });
  });

  test('refusals for the rate do not use up the patience for failures', () => {
    expect(verdict(429, {}, { failures: 8 }).kind).toBe('again');
    expect(verdict(500, {}, { refusals: 19 }).kind).toBe('again');
  });

  test('and it ends', () => {
    expect(verdict(429, {}, { refusals: 19 }).kind).toBe('again');
    expect(verdict(429, {}, { refusals: 20 })).toEqual({ kind: 'give-up', why: 'rate' });
  });
});
