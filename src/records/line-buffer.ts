/** A larger buffer, which a few huge records have needed, is given back. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Bytes of lines. The buffer grows when a line does not fit, and is reused after `clear`. */
export class LineBuffer {
  readonly #size: number;
  #bytes: Buffer;
  length = 0;

  /** @param size bytes to begin with */
  constructor(size: number) {
    this.#size = size;
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** A view of the lines, valid until the next call of another method. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    if (this.#bytes.length > Math.max(this.#size, MAX_KEPT_BYTES)) this.#bytes = Buffer.allocUnsafeSlow(this.#size);
  }

  put(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.length++] = byte;
  }

  copy(from: Uint8Array, start: number, end: number): void {
    if (this.length + end - start > this.#bytes.length) this.#grow(end - start);
    const bytes = this.#bytes;
    let at = this.length;
    // A call into the runtime costs as much as copying some hundred bytes in this loop.
    if (end - start > 256) bytes.set(from.subarray(start, end), at);
    else for (let i = start; i < end; i++) bytes[at++] = from[i] as number;
    this.length += end - start;
  }

  #grow(by: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.#bytes.length + by);
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}
