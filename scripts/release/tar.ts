// A tar archive (ustar) whose bytes follow from names and contents alone: no owner, no time, one mode.
//
// It is not compressed, because zlib gives other bytes on other processors.

const BLOCK = 512;

/** @throws Error when a name does not fit into the 100 bytes that the format has for it */
export function tar(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const blocks = [...files.keys()].sort().flatMap(name => {
    const contents = files.get(name) as Uint8Array;
    return [header(name, contents.length), contents, Buffer.alloc(-contents.length & (BLOCK - 1))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long for the archive`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
