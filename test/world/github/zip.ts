// Reads a zip as a consumer would: by its central directory, zip64 included, every CRC checked. Archives that were
// streamed (sizes only in data descriptors, as archiver writes them) need nothing more, since the directory has the sizes.
import { crc32, inflateRawSync } from 'node:zlib';

const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64 = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const IN_ZIP64 = 0xffffffff;

export function readZip(zip: Buffer): Map<string, Buffer> {
  const { offset, count } = directoryOf(zip);
  const files = new Map<string, Buffer>();
  let at = offset;
  for (let entry = 0; entry < count; entry++) {
    expect(zip.readUInt32LE(at) === CENTRAL, `entry ${entry} of the central directory is damaged`);
    const method = zip.readUInt16LE(at + 10);
    const crc = zip.readUInt32LE(at + 16);
    const nameLength = zip.readUInt16LE(at + 28);
    const extraLength = zip.readUInt16LE(at + 30);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const extra = zip.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [size, packed, start] = widen(extra, [
      zip.readUInt32LE(at + 24),
      zip.readUInt32LE(at + 20),
      zip.readUInt32LE(at + 42),
    ]);
    at += 46 + nameLength + extraLength + zip.readUInt16LE(at + 32);
    if (name.endsWith('/')) continue;

    expect(zip.readUInt32LE(start) === LOCAL, `${name} has no local header`);
    const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    const content = zip.subarray(data, data + packed);
    expect(method === 0 || method === 8, `${name} is packed by method ${method}`);
    const bytes = method === 8 ? inflateRawSync(content) : Buffer.from(content);
    expect(bytes.length === size, `${name} has ${bytes.length} bytes, not ${size}`);
    expect(crc32(bytes) === crc, `${name} fails its CRC`);
    expect(!files.has(name), `${name} is there twice`);
    files.set(name, bytes);
  }
  return files;
}

function directoryOf(zip: Buffer): { offset: number; count: number } {
  const floor = Math.max(0, zip.length - 22 - 0xffff);
  for (let end = zip.length - 22; end >= floor; end--) {
    if (zip.readUInt32LE(end) !== END) continue;
    const count = zip.readUInt16LE(end + 10);
    const offset = zip.readUInt32LE(end + 16);
    const locator = end - 20;
    if (locator >= 0 && zip.readUInt32LE(locator) === END64_LOCATOR) {
      const end64 = Number(zip.readBigUInt64LE(locator + 8));
      expect(zip.readUInt32LE(end64) === END64, 'the zip64 end record is damaged');
      return { count: Number(zip.readBigUInt64LE(end64 + 32)), offset: Number(zip.readBigUInt64LE(end64 + 48)) };
    }
    return { count, offset };
  }
  throw new Error('not a zip: it has no end of central directory');
}

/** Sizes and offset that do not fit 32 bits stand in the zip64 extra field, in this order, only those that do not fit. */
function widen(extra: Buffer, values: [number, number, number]): [number, number, number] {
  let field: Buffer | undefined;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  let at = 0;
  return values.map(value => {
    if (value !== IN_ZIP64) return value;
    if (!field) throw new Error('zip64 extra field is missing');
    at += 8;
    return Number(field.readBigUInt64LE(at - 8));
  }) as [number, number, number];
}

function expect(truth: boolean, otherwise: string): void {
  if (!truth) throw new Error(`bad zip: ${otherwise}`);
}
