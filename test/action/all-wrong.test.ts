// All that nobody has said of Kustomer is otherwise than the code takes it to be, at once.
import { expect, test } from 'vitest';
import type { ActiveFault, LoggedRequest, Stream, WorldOptions } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { poison } from './saved-state.ts';
import {
  all,
  annotations,
  DAY,
  expectRed,
  expectSound,
  fastClock,
  HOUR,
  LIST_STREAMS,
  outcomes,
  populate,
  SEARCH_STREAMS,
  wrongs,
} from './support.ts';
import { expectAnnotation } from './troubles.ts';

const NAMED: readonly Stream[] = ['companies', 'work_items', 'queues', 'slas'];
const STREAMS: readonly Stream[] = [...SEARCH_STREAMS, ...LIST_STREAMS, ...NAMED];
const INPUTS = { streams: `all, ${NAMED.join(', ')}` };
const SCALE = 6;
const UNDATED: string[] = [];

const WRONG: Partial<WorldOptions> = {
  // Searches: no sort, no flag, no `lt`, whole seconds, ties in another order each time, short results, few a page.
  refusedForms: ['sort', 'includeDeleted', 'lt'],
  precision: 's',
  tieOrder: 'unstable',
  resultLimit: 200,
  beyondLimit: 'error',
  pageSizeMax: 50,
  // Klasses: two that the generic search hides; of one of them a filter finds nothing.
  hiddenKlasses: ['rare', 'odd'],
  unfilteredKlasses: ['odd'],
  // Lists: no links, 404 after the end, a cut at 10,000, one that does not exist.
  linksNext: 'absent',
  afterEnd: 404,
  listLimit: 10_000,
  listOrder: 'insertion',
  missingLists: ['queues'],
};
const RIGHT: Partial<WorldOptions> = {
  refusedForms: [],
  precision: 'ms',
  tieOrder: 'stable',
  resultLimit: 10_000,
  beyondLimit: 'empty',
  pageSizeMax: 500,
  unfilteredKlasses: [],
  linksNext: 'link',
  afterEnd: 'empty',
  listLimit: Number.POSITIVE_INFINITY,
  missingLists: [],
};

async function open(): Promise<Stage> {
  const server = { date: () => new Date(0).toUTCString(), rateHeaders: false };
  const stage = await openStage({ world: WRONG, server });
  populate(stage);
  const now = Date.now();
  stage.world.populate(
    { tags: 120, companies: 20, work_items: 10, queues: 5, slas: 5, kobjects: { rare: 4, odd: 4 } },
    { from: now - 200 * DAY, to: now - HOUR },
  );
  stage.world.populate(
    { notes: 10_020, conversations: 10, customers: 10, messages: 10 },
    { from: now - 900 * DAY, to: now - 800 * DAY },
  );
  for (const stream of ['conversations', 'teams'] as const) {
    const ids = [...stage.world.truth(stream).keys()].slice(0, 3);
    stage.world.spoilUpdatedAt(ids, 'missing');
    UNDATED.push(...ids);
  }
  return stage;
}

/** What is wrong with single answers. A request gets the first fault that fits it. Returns the one that takes long. */
function spoil({ kustomer }: Stage): ActiveFault {
  const always = { times: Number.POSITIVE_INFINITY };
  const refuse = (status: number, match: (request: LoggedRequest) => boolean, body?: string) =>
    kustomer.faults.add({ kind: 'status', status, match, ...always, ...(body === undefined ? {} : { body }) });
  const isLive = (stream: Stream) => (request: LoggedRequest) => request.stream === stream && request.kind === 'live';
  refuse(400, ({ kind }) => kind === 'archive');
  refuse(400, ({ context }) => context === 'kobject_rare' || context === 'work_item');
  refuse(504, request => isLive('messages')(request) && Number(request.query.pageSize) > 125);
  refuse(403, ({ path }) => path === '/v1/shortcuts', '<html><title>Blocked</title></html>');
  refuse(400, ({ query }) => query.versions !== undefined);
  refuse(404, ({ query, path }) => query.deleted === 'true' && path === '/v1/tags');
  refuse(422, ({ query }) => query.deleted === 'true' || query.status === 'disabled');
  kustomer.faults.add({ kind: 'outside-window', match: isLive('customers'), ...always });
  kustomer.faults.add({
    kind: 'timed-out',
    match: { stream: 'conversations', on: 'live', nth: n => n % 3 === 2 },
    ...always,
  });
  const withoutTotal = (body: Buffer) => Buffer.from(String(body).replace(/"total":\d+/, '"total":null'));
  kustomer.faults.add({ kind: 'edit', edit: withoutTotal, match: ({ budget }) => budget === 'search', ...always });
  return kustomer.faults.add({ kind: 'missing-data', match: { path: '/v1/users' }, ...always });
}

/** The longest that a stream has waited before requests that were made again, in seconds of the action's clock. */
function longestWait({ rawLog }: ActionResult): number {
  const waits = new Map<string, number>();
  for (const [, stream = '', n, unit] of rawLog.matchAll(/ for (\w+); try \d+ of \d+ in ([\d.]+) (m?s)\b/g)) {
    waits.set(stream, (waits.get(stream) ?? 0) + Number(n) / (unit === 'ms' ? 1_000 : 1));
  }
  return Math.max(...waits.values());
}

/** What is wrong, stream by stream. Without their dates, records are not in a version that the world knows. */
async function wrongIn(stage: Stage, results: readonly ActionResult[]): Promise<string[]> {
  const found = await wrongs(stage, results, STREAMS);
  const isUndated = (wrong: string) => / in version /.test(wrong) && UNDATED.some(id => wrong.includes(id));
  return [
    ...new Set(found.filter(wrong => !isUndated(wrong)).map(wrong => wrong.replace(/ [0-9a-f]{24} /, ' '))),
  ].sort();
}

const OUTCOMES = {
  ...all('complete'),
  ...{ conversations: 'partial', kobjects: 'partial', messages: 'partial', notes: 'partial', companies: 'partial' },
  ...{ customers: 'failed', shortcuts: 'failed', users: 'failed', work_items: 'failed' },
  ...{ queues: 'skipped', slas: 'complete' },
};
const ERRORS = [
  /^Kustomer's search of customers does not return the requested records/,
  /^Kustomer refused a request for shortcuts \(status 403\)\. This is no missing role/,
  /^Kustomer did not give a usable answer for users, .*\(not the expected JSON\)/,
  /^Kustomer refused a request for work_items \(status 400\)/,
];
/** In the order of the alphabet. */
const WARNINGS = [
  /^Kustomer counts records and finds none of them .*`odd`/,
  /^Kustomer has no list of queues/,
  /^Kustomer refused the archive search \(status 400\)/,
  /^Kustomer refused the search of some klasses \(`rare`\)/,
  /^Kustomer sent a time \(`date`\) that is more than a day/,
  /^The list of notes ends with exactly 10,000 records/,
];
const NOTICES = ['sort', 'includeDeleted', 'lt'].map(
  part =>
    new RegExp(`^Kustomer refused \`${part}\` in searches of companies, conversations, customers, kobjects, mess`),
);
const said = (patterns: readonly RegExp[]) => patterns.map(pattern => expect.stringMatching(pattern));

const fast = fastClock(SCALE);
const MISSING: readonly Stream[] = [
  ...(['conversations', 'customers', 'kobjects', 'messages', 'notes', 'queues'] as const),
  ...(['shortcuts', 'slas', 'users', 'work_items'] as const),
];
const missing = (streams: readonly Stream[]) => streams.map(name => `${name}: missing`);

test('where all is otherwise than assumed, each stream ends within two minutes with one clear error or warning at most, nothing comes twice, and a run after it makes all exact', async () => {
  await using stage = await open();
  const outage = spoil(stage);
  const since = performance.now();
  const first = await stage.sync({ with: INPUTS, ...fast });
  // Work takes its time, and waits as long as the action takes them to be.
  const waited = longestWait(first);
  const seconds = waited + (performance.now() - since) / 1_000 - waited / SCALE;
  expectRed(first);
  expect(outcomes(first)).toEqual(OUTCOMES);
  expect(annotations(first, 'error')).toEqual(said(ERRORS));
  expect(annotations(first, 'warning').sort()).toEqual(said(WARNINGS));
  expect(annotations(first, 'notice')).toEqual(said(NOTICES));
  expect(seconds).toBeLessThan(120);
  expect(await wrongIn(stage, [first])).toEqual(missing(MISSING));

  // The same once more, but for what takes a minute and a half; a list shows less, and records have changed.
  outage.remove();
  Object.assign(stage.world.options, { listLimit: 80 });
  stage.world.create('messages', 3, { updatedAt: Date.now() - HOUR / 2 });
  const second = await stage.sync({ with: INPUTS, ...fast });
  expectRed(second);
  expect(outcomes(second)).toEqual({ ...OUTCOMES, users: 'complete' });
  expect(annotations(second, 'error')).toEqual(said(ERRORS.filter(({ source }) => !source.includes('users'))));
  expectAnnotation(second, 'many-vanished');
  expect(await wrongIn(stage, [first, second])).toEqual(missing(MISSING.filter(name => name !== 'users')));

  stage.kustomer.faults.clear();
  Object.assign(stage.world.options, RIGHT);
  Object.assign(stage.kustomer.options, { date: () => undefined });
  const dayAgo = new Date(Date.now() - DAY).toISOString();
  // The list of notes is read once a day.
  await poison(stage, text => text.replace(/("list_cut_at":\s*)"[^"]+"/, `$1"${dayAgo}"`));
  const third = await stage.sync({ with: INPUTS });
  expectSound(third);
  expect({ exit: third.exitCode, complete: third.outputs.complete }, third.log).toEqual({ exit: 0, complete: 'true' });
  // The world has none.
  expect(annotations(third, 'warning')).toEqual([
    expect.stringMatching(/^Records of .* marked as deleted are missing/),
  ]);
  expect(await wrongIn(stage, [first, second, third])).toEqual([]);
}, 300_000);
