// How far a run has come in reading, as a line of the log. Pure.
import { duration, grouped, plural } from './format.ts';

export interface StreamProgress {
  readonly name: string;
  readonly records: number;
  /** Estimated; NaN as long as nothing is known. */
  readonly left: number;
  /** There may be more left. */
  readonly isCapped: boolean;
  readonly isDone: boolean;
}

/**
 * @param ms since reading began
 * @param waitingFor as in `waiting 12 s for the rate limit`; may be empty
 */
export function progressLine(streams: readonly StreamProgress[], ms: number, waitingFor: string): string {
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const running = streams.filter(({ isDone }) => !isDone);
  const records = sum(streams.map(stream => stream.records));
  const left = sum(running.map(stream => stream.left));
  const rate = records / (ms / 1_000);
  const isCapped = running.some(stream => stream.isCapped);
  const facts = [`${totalOf(records, left, isCapped)} in ${duration(ms)}`];
  if (rate >= 1) facts.push(`${grouped(Math.round(rate))} a second`);
  if (rate >= 1 && left > 0 && !isCapped) facts.push(`about ${duration((left / rate) * 1_000)} left`);
  if (waitingFor !== '') facts.push(waitingFor);
  const each = running.map(({ name, records }) => (records === 0 ? name : `${name} ${grouped(records)}`)).join(', ');
  return `Read ${facts.join(', ')}${each === '' ? '' : `; reading ${each}`}.`;
}

function totalOf(records: number, left: number, isCapped: boolean): string {
  if (!(left > 0)) return plural(records, 'record');
  const total = records + left;
  if (isCapped) return `${grouped(records)} of more than ${plural(total, 'record')}`;
  return `${grouped(records)} of about ${plural(total, 'record')} (${Math.floor((records / total) * 100)} %)`;
}
