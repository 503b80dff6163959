// Writes answers to the socket itself, because Node's server refuses to send what a hostile server sends.
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RightAnswer } from '../world/intercept.ts';
import type { TRANSPORTS } from './mutations.ts';
import { MARK } from './records.ts';

export type Transport = (typeof TRANSPORTS)[number] | 'plain';

/** Resolves when the answer is sent, or when the client has closed a connection on which no answer comes. */
export async function send(how: Transport, answer: RightAnswer, request: IncomingMessage): Promise<void> {
  const { socket } = request;
  socket.on('error', () => {});
  const body = request.method === 'HEAD' ? Buffer.alloc(0) : answer.body;
  const head = (extra: Record<string, string> = {}, status = `HTTP/1.1 ${answer.status} ${MARK}`) =>
    headOf(status, { ...answer.headers, ...extra });
  const length = { 'content-length': String(answer.body.length) };
  const half = body.subarray(0, body.length >> 1);
  const send = (...parts: (string | Buffer)[]) => {
    for (const part of parts)
      if (!socket.destroyed) socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
  };
  const chunked = { 'transfer-encoding': 'chunked', 'content-length': '' };
  const chunk = (bytes: Buffer) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  const ways: Readonly<Record<Transport, () => unknown>> = {
    plain: () => send(head(hasBody(answer.status) ? length : {}), body),
    reset: () => socket.resetAndDestroy(),
    'reset in the body': async () => {
      send(head(length), half);
      await sleep(20);
      socket.resetAndDestroy();
    },
    truncated: () => send(head(length), half),
    'truncated with a clean end': () => send(head(chunked), half.length === 0 ? '' : chunk(half), '0\r\n\r\n'),
    trickle: () => slowly(head(length), body, 20, 20, send),
    'byte by byte': () =>
      slowly(head(length), body.subarray(0, 400), 400, 2, send).then(() => send(body.subarray(400))),
    hang: () => closed(socket),
    'hang in the body': () => {
      send(head(length), half);
      return closed(socket);
    },
    'half-closed': () => {},
    'half-closed in the body': () => send(head(length), half),
    'no HTTP': () => send(`\u0016\u0003\u0001\u0002 ${MARK}\r\n\r\n`),
    'two answers': () => send(head(length), body, head(length), body),
    'odd status line': () => send(head(length, `HTTP/9.9 ${answer.status}`), body),
    'header of 100 kB': () => send(head({ ...length, 'x-long': MARK.repeat(6_000) }), body),
    'broken chunk': () => send(head(chunked), chunk(half), `zz\r\n${MARK}`),
    'two lengths': () => send(head({ ...length, 'Content-Length': '5' }), body),
    'negative length': () => send(head({ 'content-length': '-1' }), body),
    'header with NUL': () => send(head({ ...length, 'x-odd': `a\u0000b${MARK}\u0001` }), body),
    '100 continues': () =>
      send(...Array.from({ length: 50 }, () => 'HTTP/1.1 100 Continue\r\n\r\n'), head(length), body),
    upgrade: () => send('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', body),
    'longer than it says': () => send(head(length), body, MARK.repeat(100)),
  };
  await ways[how]();
  if (!socket.destroyed) socket.end();
}

function headOf(status: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ connection: 'close', ...headers }).filter(
    ([name, value]) => name !== 'content-length' || value !== '',
  );
  return [status, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 304 && (status >= 200 || status < 100);
}

async function slowly(
  head: string,
  body: Buffer,
  pieces: number,
  everyMs: number,
  send: (part: string | Buffer) => void,
): Promise<void> {
  send(head);
  const size = Math.max(1, Math.ceil(body.length / pieces));
  for (let from = 0; from < body.length; from += size) {
    send(body.subarray(from, from + size));
    await sleep(everyMs);
  }
}

/** Resolves when the client closes the connection. */
function closed(socket: IncomingMessage['socket']): Promise<void> {
  return new Promise(done => (socket.destroyed ? done() : socket.once('close', () => done())));
}
