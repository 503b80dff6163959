// Writes what a run has read as messages of Singer, from its closed parts.
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline as piped } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { StreamReport } from '../records/manifest.ts';
import type { PartFile } from '../records/parts.ts';
import { recordMessages, schemaMessage, stateMessage } from '../schema/singer.ts';
import type { State } from '../sync/state.ts';

const SINGER = 'singer.jsonl';
const LINE_END = 0x0a;

interface Contents {
  readonly directory: string;
  readonly files: readonly PartFile[];
  readonly streams: readonly StreamReport[];
}

export async function writeSinger(contents: Contents, { schemas }: State): Promise<void> {
  await pipeline(messagesOf(contents, schemas), createWriteStream(join(contents.directory, SINGER)));
}

async function* messagesOf({ directory, files, streams }: Contents, schemas: State['schemas']): AsyncGenerator<Buffer> {
  for (const { name } of streams) {
    const schema = schemas.get(name);
    if (schema === undefined) continue;
    yield schemaMessage(schema);
    const messages = recordMessages(schema);
    for (const { path } of files.filter(({ stream }) => stream === name)) {
      for await (const lines of linesIn(join(directory, path))) yield Buffer.concat(lines.flatMap(messages));
    }
  }
  const complete = streams.filter(({ outcome }) => outcome === 'complete');
  yield stateMessage(new Map(complete.map(({ name, to }) => [name, to])));
}

/** Some lines at a time, without their ends. */
async function* linesIn(path: string): AsyncGenerator<Buffer[]> {
  const file = createReadStream(path);
  const stream = path.endsWith('.gz') ? piped(file, createGunzip(), () => {}) : file;
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = Buffer.concat([rest, chunk]);
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, from)) {
      lines.push(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = bytes.subarray(from);
    yield lines;
  }
}
