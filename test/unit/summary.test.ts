// The summary as Markdown, from reports that no run would make.
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/errors.ts';
import { emptyReport, type Report, type StreamResult } from '../../src/report/report.ts';
import { summary } from '../../src/report/summary.ts';

const END = { at: Date.parse('2026-11-26T11:01:30Z'), ms: 41_300 };
const TO = '2026-11-26T10:59:30.000Z';

function stream(name: string, more: Partial<StreamResult> = {}): StreamResult {
  const read = { mode: 'incremental', outcome: 'complete', named: false, from: '', to: TO };
  return { name, records: 0, requests: 1, ...read, details: { completeUpTo: Date.parse(TO) }, ...more };
}

function report(streams: readonly StreamResult[], more: Partial<Report> = {}): Report {
  return { ...emptyReport(streams), isIncremental: true, stateSaved: true, generation: 7, ...more };
}

function failure(message: string): SyncError {
  return new SyncError('bug', { what: message, todo: 'Report it.' });
}

test('answers in order: the verdict, how fresh, what has changed, where it went', () => {
  const details = { completeUpTo: Date.parse(TO), inAll: 45_000, changes: { new: 1_200, changed: 3, deleted: 0 } };
  const text = summary(
    report([stream('messages', { records: 1_203, details }), stream('tags'), stream('notes')], {
      places: [{ kind: 'artifact', name: 'kustomer-sync', url: 'https://github.com/a/b/actions/runs/1/artifacts/2' }],
    }),
    END,
  );
  expect(text.slice(0, text.indexOf('<details>'))).toBe(`## ✅ Kustomer sync complete: 1,203 records in 41 s

The data is complete up to **26 Nov 2026 10:59:30 UTC**, 2 min 0 s before this run ended.

| Stream | New | Changed | Deleted | Records | In all runs |
| :--- | ---: | ---: | ---: | ---: | ---: |
| messages | 1,200 | 3 | 0 | 1,203 | 45,000 |
| tags, notes | 0 | 0 | 0 | 0 | – |
| **All** |  |  |  | **1,203** | – |

**1,203 records** · artifact [kustomer-sync](https://github.com/a/b/actions/runs/1/artifacts/2) · state generation 7 saved

`);
});

test('counts that are not those of the published records are left out', () => {
  const [row] = summary(report([stream('messages', { records: 5 })]), END).match(/^\| messages .*$/m) ?? [];
  expect(row).toBe('| messages | – | – | – | 5 | – |');
});

test('a run that has stopped early says so, and that it goes on', () => {
  const stopped = report([stream('messages', { outcome: 'partial', records: 9 })], { stopped: 'time-budget' });
  expect(summary(stopped, END)).toMatch(
    /^## ⏸️ Kustomer sync not done yet: 9 records in 41 s\n> \[!NOTE\]\n> The time budget was used up: the next run/,
  );
  expect(summary({ ...stopped, stopped: 'cancelled' }, END)).toMatch(
    /^## 🚫 Kustomer sync canceled after 41 s\n> \[!NOTE\]\n> The run was canceled: the records that it had read are kept/,
  );
  expect(summary({ ...stopped, stopped: 'cancelled', filesStay: true }, END)).toContain('keeps nothing of it');
});

test('what the post step publishes is not said to be 0 records', () => {
  const canceled = report([stream('messages')], {
    ...{ stopped: 'cancelled', leftToPost: true, stateSaved: false },
  });
  expect(summary(canceled, END)).toContain('\n\nWhat was read is published by the post step · state is saved by the ');
  expect(summary(canceled, END)).not.toContain('0 records');
});

test('a stream that was skipped was not read, which is no matter of time', () => {
  const skipped = { outcome: 'skipped', details: { completeUpTo: null } } as const;
  const text = summary(report([stream('messages', { records: 1 }), stream('notes', skipped)]), END);
  expect(text).toMatch(/^## ⚠️ Kustomer sync complete except for notes: 1 record in 41 s$/m);
  expect(text).toMatch(/^- not read: notes$/m);
  expect(text).toMatch(/^\| ⚠️ notes \| skipped \| {2}\| {2}\| 0 \| – \|$/m);
});

test('a run that was held up by the rate limit says so without a click', () => {
  const use = { requests: 9, retries: 2, rate_limited: 2, waited_ms: 25_000 };
  const text = summary(report([stream('messages')], { usage: { search: use } }), END);
  expect(text.slice(0, text.indexOf('<details>'))).toContain(
    "\n\nKustomer's rate limit held this run up: 2 requests were refused (429) and repeated.\n\n",
  );
});

test('a list is read as a whole, whatever the window', () => {
  const details = { completeUpTo: Date.parse(TO), readFrom: 'whole list' } as const;
  expect(summary(report([stream('tags', { details })]), END)).toMatch(
    /^\| tags \| incremental \| ✅ complete \| 0 \| whole list \| 26 Nov 2026 10:59:30 \| 1 \|$/m,
  );
});

test('a plan has sizes and times that can be read, however small', () => {
  const estimate = { requests: 24, minutes: 0.1, bytes: 1_290_000, records: 180, shards: 1 };
  const streams = [
    { name: 'messages', records: 174, bytes: 1_280_000 },
    { name: 'tags', records: 6, bytes: 10_200 },
  ];
  const text = summary(report([], { plan: { matrix: '', streams, estimate } }), END);
  expect(text).toContain('**1 shard for about 180 records: 24 requests, 6 s at the budget, 1.3 MB**');
  expect(text).toContain('| messages | 174 | 1.3 MB |\n| tags | 6 | 11 kB |');
});

describe('whatever happens', () => {
  const long = 'ä<|`@'.repeat(20_000);
  const many = Array.from({ length: 3_000 }, (_, n) =>
    stream(`${long.slice(0, 40)}${n}`, { records: 5, error: failure(long) }),
  );
  const odd: [string, Report][] = [
    ['an endless error', report([], { errors: [failure(long)] })],
    ['an endless list in an error', report([], { errors: [failure(`- ${long.slice(0, 300)}\n`.repeat(3_000))] })],
    ['thousands of streams, each with an error of its own', report(many)],
    ['thousands of places', report(many, { places: many.map(({ name }) => ({ kind: long, name, url: long })) })],
    ['times that are none', report([stream('a', { from: 'x', to: 'y', details: { completeUpTo: Number.NaN } })])],
    ['a plan of thousands of streams', report([], { plan: planOf(3_000) })],
    ['nothing at all', emptyReport()],
  ];

  test.each(odd)('the verdict comes first, and all of it is under 64 kB: %s', (_what, each) => {
    const text = summary(each, END);
    expect(Buffer.byteLength(text)).toBeLessThan(64 * 1024);
    expect(text).toMatch(/^## \S+ Kustomer /);
    if (each.errors.length > 0) expect(text.split('\n')[1]).toBe('> [!CAUTION]');
    expect(text.split('<details>').length).toBe(text.split('</details>').length);
  });

  test('foreign text stays text', () => {
    const evil = '</details> <img src=x> [a](https://evil) | x\n\n# Heading\n::error::no';
    const text = summary(
      report([stream(evil, { records: 1, error: failure(evil) })], { errors: [failure(evil)] }),
      END,
    );
    expect(text).not.toMatch(/<img|^# |^::|\[a\]|https:/m);
    expect(text.match(/<\/details>/g)).toHaveLength(1);
  });
});

function planOf(streams: number): NonNullable<Report['plan']> {
  return {
    matrix: '',
    streams: Array.from({ length: streams }, (_, n) => ({ name: `s${n}`, records: n, bytes: n })),
    estimate: { requests: 1, minutes: 1, bytes: 1, records: 1, shards: 12 },
  };
}
