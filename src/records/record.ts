// Writes records as lines of NDJSON (docs/reading-the-data.md#records): `raw` as received, `flat` as the Singer tap and
// the Airbyte connector emit them. Pure.
//
// A record never becomes values: its bytes are copied, and `flat` replaces the keys on the way. So a value stays as it
// was written, digit by digit. This runs over every byte that is written: changes here, allocations above all, show in
// the CPU figures of `npm run bench -- --only throughput`.
import { beginText } from '../sync/json-bytes.ts';
import type { Resource } from '../sync/source.ts';
import type { RecordFormat } from '../sync/state.ts';
import type { FieldFilter } from './fields.ts';
import { FlatWriter } from './flat.ts';
import { LineBuffer } from './line-buffer.ts';
import type { LineObserver } from './name-plan.ts';

const [LINE_END, RETURN] = [0x0a, 0x0d] as const;

/** How a record becomes a line: inputs of the same names. */
export interface LineOptions {
  readonly recordFormat: RecordFormat;
  /** What is kept back of each record; undefined: nothing. */
  readonly filter?: FieldFilter | undefined;
}

/** The lines of records. */
export class Lines extends LineBuffer {
  readonly #flat: FlatWriter;
  readonly #observer: LineObserver | undefined;

  /** @param size bytes to begin with */
  constructor(size: number, observer?: LineObserver) {
    super(size);
    this.#observer = observer;
    this.#flat = new FlatWriter(this, observer);
  }

  /** Adds a record as a line, or nothing when it throws. */
  add({ json, type }: Resource, { recordFormat, filter }: LineOptions): void {
    // JSON has line breaks between tokens only, where they mean nothing.
    const isLine = !json.includes(LINE_END) && !json.includes(RETURN);
    const record = isLine ? json : Buffer.from(json.filter(byte => byte !== LINE_END && byte !== RETURN));
    const start = this.length;
    try {
      if (recordFormat === 'flat') this.#flat.write(record, filter);
      else {
        beginText();
        if (filter === undefined) this.copy(record, 0, record.length);
        else filter.write(record, this);
        this.#observer?.line(this.bytes().subarray(start));
      }
      if (filter !== undefined) filter.hasLines = true;
      this.put(LINE_END);
      this.#observer?.type(type);
    } catch (error) {
      this.length = start;
      throw error;
    }
  }
}
