// The manifest is read out of zips of every shape, from their directory, with no more than is needed.
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openZip, type Remote } from '../../src/state/artifact-files.ts';

interface Options {
  readonly zip64?: boolean;
  readonly stored?: boolean;
}

/** A zip as archiver streams it: the sizes are in the directory. */
function zipOf(files: Record<string, Buffer>, { zip64 = false, stored = false }: Options = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const packed = stored ? bytes : deflateRawSync(bytes);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(stored ? 0 : 8, 10);
    entry.writeUInt32LE(crc32(bytes), 16);
    entry.writeUInt16LE(name.length, 28);
    const extra = zip64 ? Buffer.alloc(28) : Buffer.alloc(0);
    if (zip64) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      for (const [n, value] of [bytes.length, packed.length, offset].entries())
        extra.writeBigUInt64LE(BigInt(value), 4 + n * 8);
    }
    entry.writeUInt16LE(extra.length, 30);
    entry.writeUInt32LE(zip64 ? 0xffffffff : packed.length, 20);
    entry.writeUInt32LE(zip64 ? 0xffffffff : bytes.length, 24);
    entry.writeUInt32LE(zip64 ? 0xffffffff : offset, 42);
    parts.push(head, Buffer.from(name), packed);
    central.push(entry, Buffer.from(name), extra);
    offset += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(zip64 ? 0xffffffff : directory.length, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16);
  if (!zip64) return Buffer.concat([...parts, directory, end]);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(BigInt(directory.length), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + directory.length), 8);
  return Buffer.concat([...parts, directory, end64, locator, end]);
}

function remote(bytes: Buffer): Remote & { fetched: number } {
  const it = {
    size: bytes.length,
    fetched: 0,
    read: async (from: number, to: number) => {
      it.fetched += to - from;
      return bytes.subarray(from, to);
    },
  };
  return it;
}

const manifest = Buffer.from('{"version":1}\n');
const noise = Buffer.from(Array.from({ length: 3_000_000 }, () => Math.floor(Math.random() * 256)));

test.each<Options>([{}, { zip64: true }, { stored: true }, { zip64: true, stored: true }])('%j', async options => {
  const zip = remote(zipOf({ 'notes/notes-00001.ndjson': noise, 'manifest.json': manifest }, options));
  const { read, sizeOf } = await openZip(zip);
  expect(await read('manifest.json', 100)).toEqual(manifest);
  expect(zip.fetched).toBeLessThan(300_000);
  expect(await read('other.json', 100)).toBeNull();
  expect(['notes/notes-00001.ndjson', 'other.json'].map(sizeOf)).toEqual([noise.length, undefined]);
});

test('what is no zip, or damaged, is an error and not "no manifest"', async () => {
  await expect(openZip(remote(noise))).rejects.toThrow();
  const zip = zipOf({ 'manifest.json': manifest }, { stored: true });
  zip.write('X', zip.indexOf('version'));
  await expect((await openZip(remote(zip))).read('manifest.json', 100)).rejects.toThrow('damaged');
});

describe('a file that would fill the memory is not unpacked', () => {
  const long = zipOf({ 'manifest.json': Buffer.alloc(50_000_000, 32) });

  test('whose length is said', async () => {
    expect(long.length).toBeLessThan(100_000);
    const zip = remote(long);
    await expect((await openZip(zip)).read('manifest.json', 1_000_000)).rejects.toThrow('too long');
    expect(zip.fetched).toBeLessThanOrEqual(2 * long.length);
  });

  test('whose length is a lie', async () => {
    const lie = Buffer.from(long);
    const at = lie.lastIndexOf('PK\x01\x02', undefined, 'latin1');
    lie.writeUInt32LE(100, at + 24);
    await expect((await openZip(remote(lie))).read('manifest.json', 1_000_000)).rejects.toThrow(
      /larger than 101 bytes/,
    );
  });

  test('nor is a list of files without end', async () => {
    const lie = Buffer.from(long);
    lie.writeUInt32LE(0x7fffffff, lie.lastIndexOf('PK\x05\x06', undefined, 'latin1') + 12);
    await expect(openZip(remote(lie))).rejects.toThrow('too many files');
  });
});
