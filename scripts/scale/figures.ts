// The figures of docs/scale.md that cost little time to compute. `npm run generate` writes them into it.
import { DISK_LIMITS } from '../../src/commands/disk-limits.ts';
import { rates } from '../../src/kustomer/budget.ts';
import { isSearch, KLASS_LIST, streamNamed } from '../../src/kustomer/streams.ts';
import { LIST_CAP, SEARCH_CAP } from '../../src/sync/source.ts';
import { growthOf, RUNS } from './branch.ts';
import {
  changesIn,
  DAY,
  HOUR,
  KLASSES,
  LISTED,
  LISTED_NAMES,
  type Listed,
  MINUTE,
  SEARCHED,
  SEARCHED_NAMES,
} from './company.ts';
import {
  type Compression,
  longestCountedWindow,
  mostKlasses,
  planOf,
  recordBytes,
  SEARCHES_PER_MINUTE,
  TIME_BUDGET,
} from './plan.ts';
import { bytesOf, stateOf } from './state.ts';

export interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Dollars: docs/actions-platform.md#prices. */
const MINUTE_PRICE = 0.006;
const STORAGE_PRICE = 0.25;
/** Minutes until the first step of a job runs: assumed. */
const JOB_START = 0.25;
/** Of all kinds a minute, on Kustomer's Enterprise plan (docs/kustomer-api.md#rate-limits). */
const ORGANIZATION_LIMIT = 1_000;
/** GitHub takes so many requests that create content: src/github/content-limit.ts. */
const CREATES_AN_HOUR = 480;
/** As docs/actions-platform.md#commit-size has it. */
const BRANCH_PART = 8 * 1024 * 1024;
const MOST_OF_GIT = 10e9;

/** Two digits are what such figures are worth; compressed bytes differ a little between processors, too. */
function about(n: number): string {
  return Number(n.toPrecision(2)).toLocaleString('en-US');
}

function bytes(n: number): string {
  const [unit, size] = n >= 1e9 ? ['GB', 1e9] : n >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  return `${about(n / size)} ${unit}`;
}

function dollars(n: number): string {
  return `$${n < 10 ? n.toFixed(2) : about(n)}`;
}

const million = (n: number) => `${about(n / 1e6)} million`;
const whole = (n: number) => n.toLocaleString('en-US');

export function sections(): Section[] {
  return [organization(), firstSync(), plans(), everyRun(), states(), branch(), limits()];
}

function organization(): Section {
  const rows = SEARCHED_NAMES.map(name => {
    const { records } = SEARCHED[name];
    const all = (compression: Compression) => bytes(records * recordBytes(name, compression));
    const changes = whole(changesIn(name, HOUR));
    return [name, whole(records), changes, `${about(recordBytes(name, 'none') / 1e3)} kB`, all('none'), all('gzip')];
  });
  const lists = LISTED_NAMES.map(name => [name, whole(LISTED[name]), '', '', '', '']);
  const head = ['Stream', 'Records', 'Changes an hour', 'A record', 'All, plain', 'All, gzip'];
  return {
    title: 'The organization',
    head,
    rows: [...rows, ...lists, ['klasses', whole(KLASSES.length), '', '', '', '']],
  };
}

const total = (compression: Compression) =>
  SEARCHED_NAMES.reduce((sum, name) => sum + SEARCHED[name].records * recordBytes(name, compression), 0);

function firstSync(): Section {
  const { searches, minutes } = planOf({ shardsAtOnce: 1, compression: 'none' });
  const byTime = Math.ceil((minutes * MINUTE) / TIME_BUDGET);
  const byDisk = (compression: Compression) => Math.ceil(total(compression) / DISK_LIMITS.maxParts);
  const runs = (compression: Compression) => whole(Math.max(byTime, byDisk(compression)));
  const records = SEARCHED_NAMES.reduce((sum, name) => sum + SEARCHED[name].records, 0);
  const perRun = (compression: Compression) =>
    records / Math.max(minutes / (TIME_BUDGET / MINUTE), total(compression) / DISK_LIMITS.maxParts);
  const notes = (2 * SEARCHED.notes.records) / 100;
  const others = ORGANIZATION_LIMIT * 0.8 - SEARCHES_PER_MINUTE;
  const store = (compression: Compression) => `${dollars((total(compression) / 1e9) * STORAGE_PRICE)} a month`;
  return {
    title: 'The first sync',
    head: ['What', 'Figure'],
    rows: [
      ['Records that one run reads, plain', million(perRun('none'))],
      ['Records that one run reads, `compression: gzip`', million(perRun('gzip'))],
      ['Searches', about(searches)],
      ['Hours at 100 searches a minute', about(minutes / 60)],
      ['Runs one after another, plain', runs('none')],
      ['Runs one after another, `compression: gzip`', runs('gzip')],
      ['Cost of their minutes', dollars(minutes * MINUTE_PRICE)],
      ['Requests to read the list of notes twice, for those older than two years', about(notes)],
      ['Hours for that, at 700 requests a minute', about(notes / others / 60)],
      [
        'Artifacts, as long as they are kept: plain files, which the artifact compresses about as gzip does',
        store('gzip'),
      ],
    ],
  };
}

function plans(): Section {
  const row = (shardsAtOnce: number, compression: Compression) => {
    const { counting, shards, minutes, matrix } = planOf({ shardsAtOnce, compression });
    const jobMinutes = minutes * shardsAtOnce;
    return [
      compression,
      whole(shardsAtOnce),
      about(counting),
      whole(shards),
      about(minutes / 60),
      about(jobMinutes / shards),
      dollars(jobMinutes * MINUTE_PRICE),
      bytes(matrix),
    ];
  };
  return {
    title: 'The first sync as a plan with shards',
    head: [
      '`compression`',
      '`shards-at-once`',
      'Requests to plan',
      'Shards',
      'Hours',
      'Minutes of a shard',
      'Cost',
      'Output `matrix`',
    ],
    rows: [row(1, 'none'), row(1, 'gzip'), row(4, 'none'), row(4, 'gzip')],
  };
}

/** Requests of one run that reads all lists once, as none has changed. */
function listRequests(): number {
  return LISTED_NAMES.reduce((sum, name) => sum + listPages(name), 0);
}

function listPages(name: Listed): number {
  const stream = streamNamed(name);
  if (isSearch(stream)) return 0;
  // The other views have few records: one request each.
  return Math.ceil(LISTED[name] / stream.pageSize) + stream.views.length - 1;
}

/** Of the daily look for klasses that the generic search does not show: the newest record of each, and one search for it. */
function checkRequests(): number {
  return 2 * KLASSES.length + Math.ceil(KLASSES.length / KLASS_LIST.pageSize) + KLASS_LIST.views.length - 1;
}

function minutesOfRun(periodMs: number): number {
  const { other } = rates(SEARCHES_PER_MINUTE, ORGANIZATION_LIMIT * 0.8);
  return Math.max(searchesOfRun(periodMs) / SEARCHES_PER_MINUTE, listRequests() / other);
}

/** Of each stream full pages of what has changed and of the lookback, and one that is not full. */
function searchesOfRun(periodMs: number): number {
  return SEARCHED_NAMES.reduce((sum, name) => sum + Math.floor(changesIn(name, periodMs + HOUR) / 500) + 1, 0);
}

function everyRun(): Section {
  const row = (name: string, periodMs: number) => {
    const runs = (30 * DAY) / periodMs;
    // Each job is billed in whole minutes, and one run a day looks for klasses.
    const minutes = runs * Math.ceil(minutesOfRun(periodMs) + JOB_START) + (30 * checkRequests()) / SEARCHES_PER_MINUTE;
    const records = SEARCHED_NAMES.reduce((sum, each) => sum + changesIn(each, periodMs), 0);
    const size = SEARCHED_NAMES.reduce((sum, each) => sum + changesIn(each, periodMs) * recordBytes(each, 'gzip'), 0);
    return [
      name,
      about(searchesOfRun(periodMs)),
      whole(listRequests()),
      minutesOfRun(periodMs).toFixed(1),
      about(records),
      bytes(size),
      about(minutes),
      dollars(minutes * MINUTE_PRICE),
    ];
  };
  return {
    title: 'Every run after it',
    head: [
      'Schedule',
      'Searches',
      'Requests for lists',
      'Minutes',
      'Lines',
      'Artifact',
      'Minutes of jobs a month',
      'Cost a month',
    ],
    rows: [row('every 15 minutes', 15 * MINUTE), row('hourly', HOUR), row('daily', DAY)],
  };
}

let measured: ReturnType<typeof bytesOf> | undefined;

function usualState(): ReturnType<typeof bytesOf> {
  measured ??= bytesOf(stateOf());
  return measured;
}

function states(): Section {
  const row = (what: string, { plain, gzip }: ReturnType<typeof bytesOf>) => {
    return [what, bytes(plain), bytes(gzip), bytes(gzip * 24 * 7)];
  };
  return {
    title: 'The state',
    head: ['State', 'Document', 'Cache entry', 'Cache in 7 days of hourly runs'],
    rows: [
      row('of an hourly sync', usualState()),
      row('where each klass needs a search of its own', bytesOf(stateOf({ missing: KLASSES }))),
      row('after 20,000 changes an hour of each search stream', bytesOf(stateOf({ keys: 20_000 }))),
    ],
  };
}

function branch(): Section {
  const { files, days, filesInDay, dataBytes, treeBytes, creates } = growthOf(RUNS);
  const parts = total('none') / BRANCH_PART;
  return {
    title: `A data branch after ${whole(RUNS)} hourly runs`,
    head: ['What', 'Figure'],
    rows: [
      ['Days', whole(days)],
      ['Files', whole(files)],
      ['Entries in the largest folder, of 3,000 that GitHub advises', whole(Math.max(days, filesInDay))],
      ['Data', bytes(dataBytes)],
      [
        'Data, as git compresses it',
        bytes(RUNS * SEARCHED_NAMES.reduce((sum, each) => sum + changesIn(each, HOUR) * recordBytes(each, 'gzip'), 0)),
      ],
      ['Trees, before git compresses them', bytes(treeBytes)],
      ['State documents, each whole, as git compresses one', bytes(RUNS * usualState().gzip)],
      ['Requests that create content, of one run', whole(creates)],
      ['Runs an hour that GitHub’s limit on these allows', whole(Math.floor(CREATES_AN_HOUR / creates))],
      ['The first sync onto a branch: data files', about(parts)],
      ['Hours for these, at 480 an hour', about(parts / CREATES_AN_HOUR)],
    ],
  };
}

function limits(): Section {
  const plan = planOf({ shardsAtOnce: 1, compression: 'none' });
  const zipped = planOf({ shardsAtOnce: 1, compression: 'gzip' });
  const others = ORGANIZATION_LIMIT * 0.8 - SEARCHES_PER_MINUTE;
  const share = MOST_OF_GIT / total('gzip');
  const capped = planOf({ shardsAtOnce: 1, compression: 'gzip', cap: SEARCH_CAP });
  const name = KLASSES[0]?.length ?? 0;
  return {
    title: 'What breaks first',
    head: ['What', 'From where on'],
    rows: [
      ['A data branch holds 10 GB', `${million(SEARCHED.messages.records * share)} messages, and what belongs to them`],
      [
        'The list of notes is read twice within one run of 330 minutes',
        `${million(((others * TIME_BUDGET) / MINUTE / 2) * 100)} notes`,
      ],
      ['A list may end at its cap', `${whole(LIST_CAP)} records`],
      [
        'A plan, where a search counts no further than 10,000',
        `${about(capped.counting)} requests: a window of ${whole(longestCountedWindow() / DAY)} days of this organization`,
      ],
      [
        'Klasses that need searches of their own fit into the matrix',
        `${whole(mostKlasses(plan, name))} klasses with ${plan.shards} shards, ${about(mostKlasses(zipped, name))} with ${zipped.shards}`,
      ],
      [
        'The daily look for klasses takes an hour',
        `${about(((60 * SEARCHES_PER_MINUTE) / checkRequests()) * KLASSES.length)} klasses; ${about(checkRequests() / SEARCHES_PER_MINUTE)} minutes for ${whole(KLASSES.length)}`,
      ],
      ['All dedup keys of an hour fit into the state', '100,000 changes an hour of one stream'],
      [
        '100 runs one after another',
        `${about((100 * SEARCHES_PER_MINUTE * (TIME_BUDGET / MINUTE) * 500) / 1e9)} billion records by time, ${bytes(100 * DISK_LIMITS.maxParts)} by disk`,
      ],
    ],
  };
}
