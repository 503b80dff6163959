// The manifest and the state in an artifact, read without downloading the rest: the zip's directory is at its end and says
// where each file is. Knows as much of zip as that takes.
import { crc32, inflateRawSync } from 'node:zlib';
import type { ReadKind } from '../github/request.ts';
import type { Api } from '../github/rest.ts';
import { parseDocument } from '../sync/stream-document.ts';

/** More than the action writes: of a manifest and of a state. What is longer unpacked is not read, however short it is packed. */
const MAX_BYTES = { manifest: 16_000_000, state: 64_000_000 };
/** Of the list of files of a zip. */
const MAX_DIRECTORY_BYTES = 16_000_000;

/** Bytes of a file at some address. */
export interface Remote {
  readonly size: number;
  /** `from` to `to`, without the latter. */
  read(from: number, to: number): Promise<Buffer>;
}

/** Fetched first: most artifacts are no larger, and the directory of the others is in their last bytes. */
const FIRST_BYTES = 256 * 1024;

/**
 * The texts of `manifest.json` and of `state.json` (null: the artifact has none). Null when the artifact lacks a part that
 * its manifest lists: the manifest is not true then, and what was left out of the upload was never published.
 * @throws GitHubError, or Error when the artifact cannot be fetched or is damaged
 */
export async function readArtifact(api: Api, id: number, kind: ReadKind = 'best-effort') {
  const zip = await openZip(await openRemote(api.artifact(id, kind)));
  const manifest = await zip.read('manifest.json', MAX_BYTES.manifest);
  if (manifest === null || !holdsAll(zip, String(manifest))) return null;
  const state = await zip.read('state.json', MAX_BYTES.state);
  return { manifest: String(manifest), state: state && String(state) };
}

/** Whether every part that a manifest lists is in the zip. A merge lists parts of other runs' artifacts, and names the run. */
function holdsAll({ sizeOf }: Awaited<ReturnType<typeof openZip>>, manifest: string): boolean {
  try {
    const { files } = parseDocument(manifest) as { files: { path: string; bytes: number; run?: string }[] };
    return files.every(({ path, bytes, run }) => run !== undefined || sizeOf(path) === bytes);
  } catch {
    // Not a manifest of ours.
    return false;
  }
}

async function openRemote(get: ReturnType<Api['artifact']>): Promise<Remote> {
  const first = await get(0, FIRST_BYTES);
  return {
    size: first.size,
    read: async (from, to) => (to <= first.bytes.length ? first.bytes.subarray(from, to) : (await get(from, to)).bytes),
  };
}

const END = 'PK\x05\x06';
const END64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const IN_ZIP64 = 0xffffffff;

/** Rejects when it is no zip. */
export async function openZip(remote: Remote) {
  const directory = await directoryOf(remote);
  const entries = new Map<string, Entry>();
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === CENTRAL; ) {
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    const name = directory.toString('utf8', at + 46, nameEnd);
    entries.set(name, entryOf(directory.subarray(at, nameEnd), directory.subarray(nameEnd, extraEnd)));
    at = extraEnd + directory.readUInt16LE(at + 32);
  }
  return {
    /** How long a file is; undefined when it is not in there. */
    sizeOf: (name: string) => entries.get(name)?.size,
    /** A file; null when it is not in there. Rejects when it is damaged, or has more bytes. */
    async read(name: string, maxBytes: number) {
      const entry = entries.get(name);
      return entry === undefined ? null : extract(remote, entry, maxBytes);
    },
  };
}

async function directoryOf({ size, read }: Remote): Promise<Buffer> {
  const tail = await read(Math.max(0, size - FIRST_BYTES), size);
  const end = tail.lastIndexOf(END, tail.length - 22, 'latin1');
  if (end < 0) throw new Error('not a zip');
  let length = tail.readUInt32LE(end + 12);
  let offset = tail.readUInt32LE(end + 16);
  if (end >= 20 && tail.readUInt32LE(end - 20) === END64_LOCATOR) {
    const at = Number(tail.readBigUInt64LE(end - 12));
    const end64 = await read(at, at + 56);
    length = Number(end64.readBigUInt64LE(40));
    offset = Number(end64.readBigUInt64LE(48));
  }
  if (!(length <= MAX_DIRECTORY_BYTES)) throw new Error('the zip has too many files');
  return read(offset, offset + length);
}

type Entry = ReturnType<typeof entryOf>;

function entryOf(head: Buffer, extra: Buffer) {
  const [size, packed, start] = in64Bits(extra, [head.readUInt32LE(24), head.readUInt32LE(20), head.readUInt32LE(42)]);
  return { size, packed, start, isDeflated: head.readUInt16LE(10) === 8, crc: head.readUInt32LE(16) };
}

/** What does not fit 32 bits stands in the zip64 extra field: size, packed size and offset, in this order. */
function in64Bits(extra: Buffer, values: [number, number, number]): [number, number, number] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let next = at + 4;
    return values.map(value => {
      if (value !== IN_ZIP64) return value;
      next += 8;
      return Number(extra.readBigUInt64LE(next - 8));
    }) as [number, number, number];
  }
  return values;
}

async function extract({ read }: Remote, entry: Entry, maxBytes: number): Promise<Buffer> {
  const { size, packed, start, isDeflated, crc } = entry;
  if (!(size <= maxBytes && packed <= maxBytes)) throw new Error('the file is too long');
  const head = await read(start, start + 30);
  const at = start + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  const content = await read(at, at + packed);
  const bytes = isDeflated ? inflateRawSync(content, { maxOutputLength: size + 1 }) : Buffer.from(content);
  if (crc32(bytes) !== crc) throw new Error('the zip is damaged');
  return bytes;
}
