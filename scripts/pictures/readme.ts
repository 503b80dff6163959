// The pictures of the README: a summary, and the README of a data branch, with figures that stay. Each PNG carries the digest
// of the text that it shows, so that a test can tell when the action says something else.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { readme } from '../../src/publish/branch/readme.ts';
import { emptyReport, type StreamResult } from '../../src/report/report.ts';
import { summary } from '../../src/report/summary.ts';
import type { BranchPlace, Totals } from '../../src/state/branch.ts';
import { NO_STATE } from '../../src/sync/state.ts';

const HERE = join(import.meta.dirname, '../../docs/pictures');
const PAGES = 'https://github.com/acme/support-data';
const TO = '2026-11-26T10:59:12.000Z';
const SAVED_AT = '2026-11-26T11:00:20.000Z';

/** New, changed and deleted records of the run; records, lines and files that were published, kB, and the newest record. */
const STREAMS: Readonly<Record<string, readonly [number, number, number, number, number, number, number, string]>> = {
  conversations: [31, 208, 2, 10_241, 14_873, 212, 21_467, '10:58:40'],
  customers: [12, 8, 0, 5_020, 5_961, 187, 9_318, '10:52:07'],
  kobjects: [0, 0, 0, 744, 980, 96, 1_204, '08:14:33'],
  messages: [120, 41, 0, 30_382, 31_007, 212, 42_890, '10:58:59'],
  notes: [3, 0, 0, 1_190, 1_202, 140, 1_377, '10:31:18'],
  shortcuts: [0, 0, 0, 60, 71, 7, 52, '09:00:02'],
  tags: [0, 0, 1, 99, 112, 9, 38, '10:44:25'],
  teams: [0, 0, 0, 14, 14, 4, 9, '07:35:51'],
  users: [0, 2, 0, 86, 140, 31, 97, '10:12:46'],
};

function summaryText(): string {
  const streams = Object.entries(STREAMS).map(([name, [fresh, changed, deleted, , lines]]): StreamResult => {
    const changes = { new: fresh, changed, deleted };
    const read = { mode: 'incremental', outcome: 'complete', named: false, requests: 1, from: '', to: TO };
    const details = { completeUpTo: Date.parse(TO), changes, inAll: lines };
    return { name, ...read, records: fresh + changed + deleted, details };
  });
  const places = [{ kind: 'artifact', name: 'kustomer-sync', url: `${PAGES}/actions/runs/1/artifacts/2` }];
  const report = { ...emptyReport(streams), isIncremental: true, stateSaved: true, generation: 212, places };
  return summary(report, { at: Date.parse(SAVED_AT), ms: 8_000 });
}

function branchText(): string {
  const totals: Totals = Object.fromEntries(
    Object.entries(STREAMS).map(([name, [, , , distinct, records, files, kB, newest]]) => [
      name,
      {
        records,
        distinct,
        files,
        bytes: kB * 1_000,
        max_updated_at: `2026-11-26T${newest}.000Z`,
        complete_up_to: TO,
      },
    ]),
  );
  const place = { repository: 'acme/support-data', branch: 'kustomer-data', dataPath: 'data' } as BranchPlace;
  const context = {
    runUrl: `${PAGES}/actions/runs/17000000212`,
    serverUrl: 'https://github.com',
    workflowFile: 'kustomer.yml',
  };
  const state = { ...NO_STATE, run: { id: '17000000212', attempt: '1' }, savedAt: SAVED_AT };
  const text = readme(place, totals, state, { ...context, repository: place.repository } as Parameters<
    typeof readme
  >[3]);
  // The words around the table are for those who have the branch.
  return text.replace(/^A copy of [^|]*/m, '').split('\n\n<!--')[0] ?? '';
}

/** Where each is, without the theme and the ending, the width of the page, and the Markdown that it shows. */
export const README_PICTURES = [
  { path: join(HERE, 'summary'), width: 800, text: summaryText() },
  { path: join(HERE, 'data-branch'), width: 1_060, text: branchText() },
] as const;

const KEYWORD = 'Source';

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A PNG with the digest of what it shows, in a chunk of text before its end. */
export function stamped(png: Buffer, text: string): Buffer {
  const content = Buffer.from(`tEXt${KEYWORD}\0${digestOf(text)}`, 'latin1');
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(content.length - 4, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), content.length + 4);
  const end = png.length - 12;
  return Buffer.concat([png.subarray(0, end), chunk, png.subarray(end)]);
}

export function stampOf(png: Buffer): string | undefined {
  return new RegExp(`tEXt${KEYWORD}\0([0-9a-f]{64})`).exec(png.toString('latin1'))?.[1];
}
