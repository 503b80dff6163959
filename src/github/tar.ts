// The files in a tar that git has made, as it comes.

/** Where a header has the size, in octal digits, and the type of its entry. */
const SIZE = [124, 136] as const;
const TYPE = 156;
const BLOCK = 512;
/** GitHub takes no larger file. */
const MAX_BYTES = 100 * 1024 * 1024;

/** The content of each file, as far as the tar goes. Names do not matter to whoever knows the SHAs of the blobs. */
export async function* filesInTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const source = chunks[Symbol.asyncIterator]();
  let queue: Buffer[] = [];
  let length = 0;
  async function take(bytes: number): Promise<Buffer | null> {
    while (length < bytes) {
      const { value, done } = await source.next();
      if (done) return null;
      queue.push(Buffer.from(value.buffer, value.byteOffset, value.length));
      length += value.length;
    }
    const all = queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue);
    queue = [all.subarray(bytes)];
    length -= bytes;
    return all.subarray(0, bytes);
  }
  for (;;) {
    const header = await take(BLOCK);
    const size = Number.parseInt(header?.toString('latin1', ...SIZE) ?? '', 8);
    if (header === null || !(size <= MAX_BYTES)) return;
    const content = await take(Math.ceil(size / BLOCK) * BLOCK);
    if (content === null) return;
    if (header[TYPE] === 0x30 || header[TYPE] === 0) yield content.subarray(0, size);
  }
}
