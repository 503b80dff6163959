// How GitHub is asked, whatever for: until there is an answer that can be made sense of, with a time limit, again when one
// was lost or came cut off (octokit takes that for an empty answer), and later when GitHub asks for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { duration } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { openContentLimit } from './content-limit.ts';

/** GitHub has answered, and the answer is no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** Of HTTP; 0 when GitHub could not be reached, however often it was tried. */
  readonly status: number;
  /** GitHub's own words; about the request, never out of a record. */
  readonly says: string;
  /** Whether another time the answer may be another one: GitHub was not there, or a limit is used up. */
  readonly mayPass: boolean;

  constructor(status: number, says: string, cause?: unknown, isLimit = false) {
    super(`${status} ${says}`, { cause });
    this.status = status;
    this.says = says;
    this.mayPass = isLimit || status === 0 || status >= 500;
  }
}

/** What is only looked up, in a place that may or may not know more, can be done without; what is read or written cannot. */
export type Kind = 'look' | 'read' | 'write';
/** Waits after an answer that was lost, in milliseconds. */
const AGAIN_AFTER_MS = { look: [500, 2_000], read: [500, 2_000], write: [500, 2_000, 6_000] };
/** A limit that is used up is renewed within the hour; to look something up is worth a minute, as GitHub asks for as a rule. */
const LONGEST_WAIT_MS = { look: 90_000, read: 65 * 60_000, write: 65 * 60_000 };
/** When GitHub does not say how long to wait, it asks for a minute at least. */
const UNSAID_WAIT_MS = 60_000;
const ANSWER_WITHIN_MS = { look: 30_000, read: 30_000, write: 120_000 };

/** One request, as octokit makes it. */
type Call = (request: { signal: AbortSignal }) => Promise<{ data: unknown }>;

/** Asks until there is an answer that `read` can make sense of; it throws when it cannot. @throws Refused */
export type RetryingClient = <T>(kind: Kind, call: Call, read: (data: unknown) => T) => Promise<T>;

export function openRetryingClient(log: Log): RetryingClient {
  const pace = openContentLimit(wait =>
    log.info(`GitHub takes no more than so many files a minute: going on in ${duration(wait)}.`),
  );

  return async (kind, call, read) => {
    let waited = 0;
    for (let failures = 0; ; ) {
      if (kind === 'write') await pace();
      let lapse: unknown;
      try {
        const { data } = await call({ signal: AbortSignal.timeout(ANSWER_WITHIN_MS[kind]) });
        return read(data);
      } catch (error) {
        if (error instanceof Refused) throw error;
        lapse = error;
      }
      const { status, says, waitMs } = verdict(lapse);
      if (waitMs !== null && waited + waitMs <= LONGEST_WAIT_MS[kind]) {
        log.info(`GitHub asks to wait for ${duration(waitMs)}.`);
        waited += waitMs;
        await sleep(waitMs);
        continue;
      }
      const again = AGAIN_AFTER_MS[kind][failures];
      if ((status > 0 && status < 500) || again === undefined) {
        throw new Refused(status, says, lapse, waitMs !== null);
      }
      failures++;
      await sleep(again * (0.5 + Math.random()));
    }
  };
}

/** What is read out of an answer is not what it should be: cut off on the way, most likely. */
class Unusable extends Error {
  override readonly name = 'Unusable';
}

/** What a failed request means: the status (0: no usable answer), GitHub's words, and how long it asks to wait, if so. */
function verdict(lapse: unknown): { status: number; says: string; waitMs: number | null } {
  const { status, response, message } = lapse as {
    status?: number;
    response?: { headers?: Record<string, string | undefined>; data?: unknown };
    message?: string;
  };
  // Octokit reports a connection that broke as status 500.
  if (typeof status !== 'number' || response === undefined) return { status: 0, says: '', waitMs: null };
  const says = message ?? '';
  const headers = response.headers ?? {};
  const isLimit =
    status === 429 ||
    (status === 403 &&
      (headers['retry-after'] !== undefined ||
        headers['x-ratelimit-remaining'] === '0' ||
        /rate limit|abuse/i.test(says)));
  if (!isLimit) return { status, says, waitMs: null };
  const after = Number(headers['retry-after'] ?? Number.NaN);
  const reset =
    headers['x-ratelimit-remaining'] === '0' ? Number(headers['x-ratelimit-reset'] ?? Number.NaN) : Number.NaN;
  const waitMs = !Number.isNaN(after)
    ? after * 1_000
    : Number.isNaN(reset)
      ? UNSAID_WAIT_MS
      : Math.max(0, reset * 1_000 - Date.now());
  return { status, says, waitMs: waitMs + 1_000 };
}

/** What a blob store has at an address, from one byte to before another, and how much there is in all. */
export interface ByteRange {
  readonly bytes: Buffer;
  readonly size: number;
}

/** Asks a blob store, which needs no token. @throws Refused when it says that what was there has gone. */
export async function fetchByteRange(url: string, from: number, to: number, signal: AbortSignal): Promise<ByteRange> {
  const answer = await fetch(url, { headers: { range: `bytes=${from}-${to - 1}` }, signal });
  if (answer.status === 404 || answer.status === 410) throw new Refused(answer.status, 'not there any more');
  // All else may pass, also a 403: the address has run out.
  if (!answer.ok) throw new Unusable();
  const all = Buffer.from(await answer.arrayBuffer());
  const size = Number(/\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1] ?? all.length);
  const bytes = answer.status === 206 ? all : all.subarray(from, to);
  if (bytes.length !== Math.min(to, size) - from) throw new Unusable();
  return { bytes, size };
}

export function object(data: unknown): Record<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new Unusable();
  return data as Record<string, unknown>;
}

export function list<T>(data: unknown, each: (entry: Record<string, unknown>) => T): T[] {
  if (!Array.isArray(data)) throw new Unusable();
  return data.map(entry => each(object(entry)));
}

export function text(data: unknown): string {
  if (typeof data !== 'string') throw new Unusable();
  return data;
}

export function truth(data: unknown): boolean {
  if (typeof data !== 'boolean') throw new Unusable();
  return data;
}
