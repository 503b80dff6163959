// Part files and their integrity: sizes and numbers, snapshots while they grow, and what a kill leaves.

import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Encrypt, openEncryption } from '../../src/records/encryption.ts';
import { readPart, truncateToCheckpoint, verifyPart } from '../../src/records/integrity.ts';
import { openParts, type PartFile, type PartsWriter } from '../../src/records/parts.ts';
import type { DatedRecord } from '../../src/sync/source.ts';
import { ageKey, partText } from '../world/part-text.ts';
import { resourceOf } from '../world/resource.ts';

/** What comes after `.ndjson` in the names of the files. */
type Packing = '' | '.gz' | '.age' | '.gz.age';

let encrypt: Encrypt | undefined;
beforeAll(async () => {
  encrypt = await openEncryption([(await ageKey()).recipient]);
});

let directory: string;
const opened: PartsWriter[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parts-'));
});
afterEach(async () => {
  // Closes the files; some tests have deleted them.
  for (const writer of opened.splice(0)) await writer.drain().catch(() => {});
  await rm(directory, { recursive: true, force: true });
});

function open(packing: Packing = '', partBytes = 1 << 30): PartsWriter {
  const writer = openParts({
    directory,
    stream: 'notes',
    recordFormat: 'raw',
    compression: packing.startsWith('.gz') ? 'gzip' : 'none',
    encrypt: packing.endsWith('.age') ? encrypt : undefined,
    partBytes,
  });
  opened.push(writer);
  return writer;
}

let next = 0;
/** @param bytes of a record, about */
function recordsOf(n: number, bytes = 100): DatedRecord[] {
  return Array.from({ length: n }, () => {
    const id = String(next++);
    return { at: next, resource: resourceOf({ id, type: 'note', attributes: { body: 'x'.repeat(bytes) } }) };
  });
}

async function ids(parts: readonly PartFile[]): Promise<string[]> {
  const all: string[] = [];
  for (const part of parts) {
    const bytes = await readPart(directory, part);
    const lines = (await partText(part.path, bytes)).trimEnd().split('\n');
    expect(lines).toHaveLength(part.records);
    all.push(...lines.map(line => (JSON.parse(line) as { id: string }).id));
  }
  return all;
}

test('a write that fails leaves nothing of its records', async () => {
  const writer = openParts({
    directory,
    stream: 'notes',
    recordFormat: 'flat',
    compression: 'none',
    partBytes: 1 << 30,
  });
  opened.push(writer);
  const broken = { at: 1, resource: { id: 'x', type: 'note', json: Buffer.from('{"id":"x","attributes":{"a":') } };
  await writer.write(recordsOf(3));
  await expect(writer.write([...recordsOf(2), broken, ...recordsOf(2)])).rejects.toThrow();
  await writer.write(recordsOf(1));
  expect(await ids(await writer.drain())).toHaveLength(4);
});

describe.each(['', '.gz', '.age', '.gz.age'] as const)('.ndjson%s', packing => {
  test('no part exceeds its limit, and no record is lost between two parts', async () => {
    const writer = open(packing, 1024 * 1024);
    const records = recordsOf(300, 40_000);
    for (let n = 0; n < 300; n += 50) await writer.write(records.slice(n, n + 50));
    const parts = await writer.drain();
    expect(parts.length).toBeGreaterThan(10);
    for (const part of parts) {
      const bytes = await readPart(directory, part);
      expect(part.path).toMatch(new RegExp(`\\d\\.ndjson${packing}$`));
      expect((await partText(part.path, bytes)).length).toBeLessThanOrEqual(1024 * 1024);
    }
    expect(await ids(parts)).toEqual(records.map(({ resource }) => resource.id));
    expect(parts.map(({ path }) => path.slice(0, 17))).toEqual(
      parts.map((_, n) => `notes/notes-${String(n + 1).padStart(5, '0')}`),
    );
  });

  test('a part is drained once, and the numbers go on', async () => {
    const writer = open(packing);
    await writer.write(recordsOf(2));
    const first = await writer.drain();
    expect(await writer.drain()).toEqual([]);
    await writer.write(recordsOf(3));
    const second = await writer.drain();
    expect([...first, ...second].map(({ path, records }) => `${path.slice(6, 17)} ${records}`)).toEqual([
      'notes-00001 2',
      'notes-00002 3',
    ]);
  });

  test('a part that has grown since a checkpoint is truncated to it', async () => {
    const writer = open(packing);
    const before = recordsOf(5);
    await writer.write(before);
    const checkpoint = await writer.peek();
    await writer.write(recordsOf(4));
    await writer.peek();
    await writer.write(recordsOf(1));
    await truncateToCheckpoint(directory, checkpoint);
    expect(await ids(checkpoint)).toEqual(before.map(({ resource }) => resource.id));
  });

  test('even when it has got another name since, and another part its name', async () => {
    const writer = open(packing);
    const before = recordsOf(5);
    await writer.write(before);
    const checkpoint = await writer.peek();
    const staging = writer.openStagingFile();
    await staging.write(recordsOf(7));
    await staging.commit();
    await writer.write(recordsOf(2));
    await writer.drain();
    expect((await readdir(join(directory, 'notes'))).filter(name => name.endsWith('.partial'))).toEqual([]);
    await truncateToCheckpoint(directory, checkpoint);
    expect(await ids(checkpoint)).toEqual(before.map(({ resource }) => resource.id));
  });
});

test('a changed or missing part is an error that names it', async () => {
  const writer = open();
  await writer.write(recordsOf(3));
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

describe('an encrypted part', () => {
  test('shows nothing of a record, and is read by the holder of the key alone', async () => {
    const writer = open('.age');
    await writer.write(recordsOf(3_000));
    const [part] = await writer.drain();
    const bytes = await readPart(directory, part as PartFile);
    expect(String(bytes)).toMatch(/^age-encryption\.org\/v1\n/);
    expect(bytes.includes('xxxx')).toBe(false);
    expect(await ids([part as PartFile])).toHaveLength(3_000);
  });

  test('that could not be written on a full disk is never taken for whole', async () => {
    let room = 100_000;
    const append = async (bytes: Buffer) => {
      room -= bytes.length;
      if (room < 0) throw new Error('ENOSPC');
    };
    const encrypted = (encrypt as Encrypt)(append);
    const write = async () => {
      for (let n = 0; n < 10; n++) await encrypted.write(Buffer.alloc(64 * 1024));
    };
    await expect(write()).rejects.toThrow('ENOSPC');
    room = Number.POSITIVE_INFINITY;
    await expect(encrypted.write(Buffer.alloc(10))).rejects.toThrow('ENOSPC');
    await expect(encrypted.end()).rejects.toThrow('ENOSPC');
  });
});

test('a recipient with a typing error is an error that names its place', async () => {
  const { recipient } = await ageKey();
  await expect(
    openEncryption([recipient, `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`]),
  ).rejects.toThrow(/`encrypt-to`: recipient 2 is none of age's/);
});

test('a part whose first write has failed is no part', async () => {
  const full = () => Promise.reject(new Error('ENOSPC'));
  const parts = openParts({
    directory,
    stream: 'users',
    recordFormat: 'raw',
    compression: 'none',
    partBytes: 1e9,
    encrypt: () => ({ write: full, end: async () => {} }),
  });
  const resource = resourceOf({ id: 'a', type: 'user', attributes: { text: 'x'.repeat(300_000) } });
  await expect(parts.write([{ at: 1, resource }])).rejects.toThrow('ENOSPC');
  expect(await parts.peek()).toEqual([]);
  expect(await parts.drain()).toEqual([]);
  expect(await readdir(join(directory, 'users'))).toEqual([]);
});
