// What the tests of the action share: a small organization, and ways to look at a run as its user would.
import { join } from 'node:path';
import { expect } from 'vitest';
import { ALL_STREAMS, DEFAULT_TOKEN, type LoggedRequest, STREAMS, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult, Annotation } from '../world/runner/index.ts';
import type { Line, Stage, Sync } from '../world/stage.ts';
import { expectOnPage } from './troubles.ts';

export const SECOND = 1_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export const OUTPUTS = [
  'artifact-digest',
  'artifact-id',
  'artifact-url',
  'commit',
  'complete',
  'estimate',
  'manifest',
  'matrix',
  'output-dir',
  'records',
  'state-generation',
  'state-saved',
  'streams',
];

export const SEARCH_STREAMS: readonly Stream[] = ['conversations', 'customers', 'kobjects', 'messages', 'notes'];
export const LIST_STREAMS: readonly Stream[] = ['shortcuts', 'tags', 'teams', 'users'];

/** Some of everything, of the last month. */
export function populate(stage: Stage, times = 1): void {
  const now = Date.now();
  stage.streams = 'all';
  stage.world.populate(
    {
      users: 12 * times,
      teams: 4,
      tags: 8,
      shortcuts: 6,
      customers: 30 * times,
      conversations: 40 * times,
      messages: 60 * times,
      notes: 10 * times,
      kobjects: { order: 12 * times, 'return-case': 8 },
    },
    { from: now - 30 * DAY, to: now - HOUR, tieFraction: 0.2, tieSize: 5 },
  );
}

export interface StreamOutput {
  readonly name: string;
  readonly mode: string;
  readonly outcome: string;
  readonly records: number;
  readonly requests: number;
  readonly from: string;
  readonly to: string;
  readonly error?: string;
}

export function streamsOf(result: ActionResult): StreamOutput[] {
  return JSON.parse(result.outputs.streams ?? 'null') as StreamOutput[];
}

/** Name -> outcome. */
export function outcomes(result: ActionResult): Record<string, string> {
  return Object.fromEntries(streamsOf(result).map(({ name, outcome }) => [name, outcome]));
}

export function all(outcome: string, others: Record<string, string> = {}): Record<string, string> {
  return { ...Object.fromEntries(STREAMS.map(name => [name, outcome])), ...others };
}

export function annotations(
  result: ActionResult,
  level: Annotation['level'],
  phase: 'main' | 'post' = 'main',
): string[] {
  const from = phase === 'main' ? result : result.post;
  return (from?.annotations ?? []).filter(each => each.level === level).map(({ message }) => message);
}

/** A run that did all it was to do and had nothing to complain about. */
export function expectGreen(result: ActionResult): void {
  expect(result.annotations, result.log).toEqual([]);
  expect({ exit: result.exitCode, job: result.jobConclusion }, result.log).toEqual({ exit: 0, job: 'success' });
  expect(result.outputs).toMatchObject({ complete: 'true', 'state-saved': 'true' });
  expectSound(result);
}

export function expectRed(result: ActionResult): void {
  expect({ exit: result.exitCode, job: result.jobConclusion }, result.log).toEqual({ exit: 1, job: 'failure' });
  expect(annotations(result, 'error').length, result.log).toBeGreaterThan(0);
  expectSound(result);
}

/** What holds for each run, however it ends. */
export function expectSound(result: ActionResult): void {
  expect(Object.keys(result.outputs).sort()).toEqual(OUTPUTS);
  expect(result.outputs.complete).toMatch(/^(?:true|false)$/);
  expect(result.outputs['state-saved']).toMatch(/^(?:true|false)$/);
  expect(result.outputs['state-generation']).toMatch(/^\d+$/);
  expect(Number(result.outputs.records)).toBe(streamsOf(result).reduce((sum, { records }) => sum + records, 0));
  const secret = texts(result)
    .split('\n')
    // An error may say in which place a secret has the word `Bearer`.
    .filter(line => line.includes(DEFAULT_TOKEN) || /Bearer(?!`)/.test(line));
  expect(secret).toEqual([]);
  expect(result.droppedAnnotations).toEqual([]);
  // What the cache library says for itself comes before what the action makes of it.
  const ours = result.annotations.filter(
    ({ level, message }) => level === 'error' || !/^Failed to (?:save|restore):/.test(message),
  );
  for (const { message } of ours) expectTwoSentences(message);
  expectOnPage(result);
}

/** One sentence what happened, one what to do. The first may hold a list, and be a long one. */
function expectTwoSentences(message: string): void {
  expect(message).toMatch(/^[A-Z`].*[.:\n].*\s[A-Z].*\.$/s);
  expect(message).not.toMatch(/undefined|\[object|NaN|null\b/);
}

/** The longest time without a line in the log of a phase (ms), from its start to its end. */
export function longestSilence({ lines, startedAt, ms }: Pick<ActionResult, 'lines' | 'startedAt' | 'ms'>): number {
  const times = [startedAt.getTime(), ...lines.map(({ at }) => at.getTime()), startedAt.getTime() + ms];
  return Math.max(...times.slice(1).map((at, n) => at - (times[n] as number)));
}

/** Everything that people or machines can read of a run, without the help of masks. */
export function texts(result: ActionResult): string {
  const phases = [result, ...(result.post === undefined ? [] : [result.post])];
  return phases
    .map(phase =>
      [
        phase.unmaskedLog,
        phase.rawSummary,
        JSON.stringify(phase.outputs),
        JSON.stringify(phase.annotations),
        JSON.stringify(phase.env),
        JSON.stringify(phase.state),
      ].join('\n'),
    )
    .join('\n');
}

/** Record by record, what some runs published together; a record that came in several is there several times. */
export async function gather(stage: Stage, results: readonly ActionResult[]): Promise<Map<Stream, Line[]>> {
  const gathered = new Map<Stream, Line[]>(ALL_STREAMS.map(stream => [stream, []]));
  for (const result of results) {
    for (const [stream, lines] of (await stage.published(result))?.records ?? [])
      gathered.get(stream as Stream)?.push(...lines);
  }
  return gathered;
}

/** What is wrong with what some runs published together: each record of the world is there once, in its latest version. */
export async function wrongs(
  stage: Stage,
  results: readonly ActionResult[],
  streams: readonly Stream[] = STREAMS,
): Promise<string[]> {
  const gathered = await gather(stage, results);
  return ALL_STREAMS.flatMap(stream => {
    const lines = gathered.get(stream) ?? [];
    if (!streams.includes(stream))
      return lines.length === 0 ? [] : [`${stream}: ${lines.length} that nobody asked for`];
    return stage.compare(stream, lines).map(wrong => `${stream}: ${wrong}`);
  });
}

/** From now on so many requests are answered and the others hang, until the faults are cleared: no machine is done in time. */
export function ration(stage: Stage, requests: number): void {
  stage.kustomer.faults.clear();
  stage.kustomer.faults.add({ kind: 'hang', times: Number.POSITIVE_INFINITY, match: { nth: n => n > requests } });
}

/** Resolves when so many requests, counted from now on, have reached Kustomer and GitHub. */
export function requested(stage: Stage, requests: number): Promise<void> {
  return new Promise(done => {
    let seen = 0;
    const count = () => {
      if (++seen === requests) done();
    };
    stage.kustomer.onRequest(count);
    stage.github.traffic.onRequest(count);
  });
}

/** Requests that the Kustomer simulator has seen since this was called last. */
export function requestsSince(stage: Stage): number {
  const n = stage.kustomer.requests.length;
  stage.kustomer.log.clear();
  return n;
}

/** Whether a request is a live search for what was updated in the last days, which is where the records of these tests are. */
export function isRecent({ kind, body }: LoggedRequest): boolean {
  const { and = [] } = (body ?? {}) as { and?: Record<string, { gte?: string }>[] };
  const bounds = and.flatMap(criterion => Object.entries(criterion)).filter(([key]) => key.endsWith('_updated_at'));
  const from = bounds.flatMap(([, { gte }]) => (gte === undefined ? [] : [Date.parse(gte)]));
  return kind === 'live' && from.some(at => at > Date.now() - 100 * DAY);
}

/** How long after a request the same one was made again, in milliseconds. */
export function askedAgainAfter(stage: Stage, first: LoggedRequest | undefined): number {
  const same = (request: LoggedRequest) => JSON.stringify([request.path, request.query, request.body]);
  const again = stage.kustomer.requests.find(
    each => first !== undefined && each.n > first.n && same(each) === same(first),
  );
  return again === undefined || first === undefined ? Number.NaN : again.at - first.at;
}

/** Options of a run whose timers are so many times as fast. */
export function fastClock(scale: number): Pick<Sync, 'nodeArgs' | 'env'> {
  const preload = join(import.meta.dirname, '../../scripts/fast-clock.mjs');
  return { nodeArgs: ['--import', preload], env: { TIME_SCALE: String(scale) } };
}
