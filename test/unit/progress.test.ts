// What the log says while a run reads.
import { expect, test } from 'vitest';
import { progressLine, type StreamProgress } from '../../src/report/progress.ts';

function stream(name: string, records: number, more: Partial<StreamProgress> = {}): StreamProgress {
  return { name, records, left: 0, isCapped: false, isDone: false, ...more };
}

test('a line has records of about how many, percent, records a second, the time that is left, and each stream under way', () => {
  const streams = [
    stream('conversations', 8_000, { left: 20_000 }),
    stream('messages', 4_000, { left: 14_000 }),
    stream('tags', 80, { isDone: true }),
  ];
  expect(progressLine(streams, 30_000, 'waiting 12 s for the rate limit')).toBe(
    'Read 12,080 of about 46,080 records (26 %) in 30 s, 403 a second, about 84 s left, waiting 12 s for the rate limit; reading conversations 8,000, messages 4,000.',
  );
});

test('a search that counts no further says more than how many, and promises no time', () => {
  const streams = [stream('messages', 4_000, { left: 10_000, isCapped: true })];
  expect(progressLine(streams, 10_000, '')).toBe(
    'Read 4,000 of more than 14,000 records in 10 s, 400 a second; reading messages 4,000.',
  );
});

test('nothing is made up before the first answer', () => {
  expect(progressLine([stream('messages', 0, { left: Number.NaN })], 10_000, 'waiting 20 s for the rate limit')).toBe(
    'Read 0 records in 10 s, waiting 20 s for the rate limit; reading messages.',
  );
  expect(progressLine([stream('tags', 5, { isDone: true, left: Number.NaN })], 60_000, '')).toBe(
    'Read 5 records in 60 s.',
  );
});
