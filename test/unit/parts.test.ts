// Parts are taken as they were written or not at all: limits, moments, and what is left of them after a kill.

import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPart, truncateToCheckpoint, verifyPart } from '../../src/records/integrity.ts';
import { openParts, type PartFile, type PartsWriter } from '../../src/records/parts.ts';
import { openWriteLock } from '../../src/records/write-lock.ts';
import type { DatedRecord } from '../../src/sync/source.ts';
import { resourceOf } from '../world/resource.ts';

let directory: string;
const opened: PartsWriter[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parts-'));
});
afterEach(async () => {
  // Nobody else closes their files; some tests have taken the files away.
  for (const writer of opened.splice(0)) await writer.drain().catch(() => {});
  await rm(directory, { recursive: true, force: true });
});

function open(gzip = false, partBytes = 1 << 30): PartsWriter {
  const writer = openParts({ directory, stream: 'notes', format: 'raw', gzip, partBytes });
  opened.push(writer);
  return writer;
}

let next = 0;
/** Records of so many bytes, more or less. */
function some(n: number, bytes = 100): DatedRecord[] {
  return Array.from({ length: n }, () => {
    const id = String(next++);
    return { at: next, resource: resourceOf({ id, type: 'note', attributes: { body: 'x'.repeat(bytes) } }) };
  });
}

async function ids(parts: readonly PartFile[]): Promise<string[]> {
  const all: string[] = [];
  for (const part of parts) {
    const bytes = await readPart(directory, part);
    const lines = String(part.path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(part.records);
    all.push(...lines.map(line => (JSON.parse(line) as { id: string }).id));
  }
  return all;
}

describe.each([false, true])('gzip: %j', gzip => {
  test('no part is larger than it may be, and no record is lost between two', async () => {
    const writer = open(gzip, 1024 * 1024);
    const records = some(300, 40_000);
    for (let n = 0; n < 300; n += 50) await writer.write(records.slice(n, n + 50));
    const parts = await writer.drain();
    expect(parts.length).toBeGreaterThan(10);
    for (const part of parts) {
      const bytes = await readPart(directory, part);
      expect((gzip ? gunzipSync(bytes) : bytes).length).toBeLessThanOrEqual(1024 * 1024);
    }
    expect(await ids(parts)).toEqual(records.map(({ resource }) => resource.id));
    expect(parts.map(({ path }) => path.slice(0, 17))).toEqual(
      parts.map((_, n) => `notes/notes-${String(n + 1).padStart(5, '0')}`),
    );
  });

  test('what was taken is not taken again, and the numbers go on', async () => {
    const writer = open(gzip);
    await writer.write(some(2));
    const first = await writer.drain();
    expect(await writer.drain()).toEqual([]);
    await writer.write(some(3));
    const second = await writer.drain();
    expect([...first, ...second].map(({ path, records }) => `${path.slice(6, 17)} ${records}`)).toEqual([
      'notes-00001 2',
      'notes-00002 3',
    ]);
  });

  test('a part that went on growing after it was noted down is cut back to what was noted', async () => {
    const writer = open(gzip);
    const before = some(5);
    await writer.write(before);
    const standing = await writer.peek();
    await writer.write(some(4));
    await writer.peek();
    await writer.write(some(1));
    await truncateToCheckpoint(directory, standing);
    expect(await ids(standing)).toEqual(before.map(({ resource }) => resource.id));
  });

  test('also when it has got its name since, and another one the name it was to have', async () => {
    const writer = open(gzip);
    const before = some(5);
    await writer.write(before);
    const standing = await writer.peek();
    const openStagingFile = writer.openStagingFile();
    await openStagingFile.write(some(7));
    await openStagingFile.commit();
    await writer.write(some(2));
    await writer.drain();
    expect((await readdir(join(directory, 'notes'))).filter(name => name.endsWith('.partial'))).toEqual([]);
    await truncateToCheckpoint(directory, standing);
    expect(await ids(standing)).toEqual(before.map(({ resource }) => resource.id));
  });
});

test('a part that has changed or gone is told by its name', async () => {
  const writer = open();
  await writer.write(some(3));
  const [part] = (await writer.drain()) as [PartFile];
  await verifyPart(directory, part);
  const file = join(directory, part.path);
  const good = await readFile(file);
  await writeFile(file, String(good).replace('x', 'y'));
  expect((await stat(file)).size).toBe(part.bytes);
  await expect(verifyPart(directory, part)).rejects.toThrow('The file notes/notes-00001.ndjson was changed or removed');
  await writeFile(file, good);
  await appendFile(file, '\n');
  await expect(readPart(directory, part)).rejects.toThrow('notes-00001');
  await rm(file);
  await expect(verifyPart(directory, part)).rejects.toThrow('notes-00001');
  await expect(truncateToCheckpoint(directory, [part])).rejects.toThrow('notes-00001');
  expect(createHash('sha256').update(good).digest('hex')).toBe(part.sha256);
});

test('in a still moment nothing is written, and all that was written is claimed', async () => {
  const gate = openWriteLock();
  const log: string[] = [];
  const writer = async (name: string) => {
    for (let n = 0; n < 20; n++) {
      await gate.write(async () => {
        log.push(`begin ${name}`);
        await new Promise(done => setTimeout(done, Math.random() * 3));
        log.push(`end ${name}`);
      });
      log.push(`claim ${name}`);
    }
  };
  const looker = async () => {
    for (let n = 0; n < 10; n++) {
      await gate.whilePaused(async () => {
        const counts = ['begin', 'end', 'claim'].map(what => log.filter(line => line.startsWith(what)).length);
        expect(new Set(counts).size, counts.join()).toBe(1);
        const length = log.length;
        await new Promise(done => setTimeout(done, 2));
        expect(log).toHaveLength(length);
      });
      await new Promise(done => setTimeout(done, 3));
    }
  };
  await Promise.all([writer('a'), writer('b'), writer('c'), looker()]);
  expect(log).toHaveLength(3 * 20 * 3);
});

test('there is room for more only while little waits to be written, and everybody who waits for it learns of it', async () => {
  const gate = openWriteLock();
  const ends: (() => void)[] = [];
  const writes = Array.from({ length: 4 }, () => gate.write(() => new Promise<void>(end => ends.push(end))));
  let inside = 0;
  const looks = Array.from({ length: 5 }, () => gate.backpressure().then(() => inside++));
  await new Promise(setImmediate);
  expect(inside).toBe(0);
  ends[0]?.();
  await writes[0];
  await new Promise(setImmediate);
  expect(inside).toBe(0);
  ends[1]?.();
  await writes[1];
  ends[2]?.();
  await Promise.all(looks);
  expect(inside).toBe(5);
  for (const end of ends) end();
  await Promise.all(writes);
});

test('a write that fails makes room, too', async () => {
  const gate = openWriteLock();
  const fails: ((error: Error) => void)[] = [];
  const writes = Array.from({ length: 2 }, () => gate.write(() => new Promise<void>((_, fail) => fails.push(fail))));
  const look = gate.backpressure();
  fails[0]?.(new Error('disk full'));
  await expect(writes[0]).rejects.toThrow('disk full');
  await look;
  for (const fail of fails) fail(new Error('disk full'));
  await Promise.allSettled(writes);
});
