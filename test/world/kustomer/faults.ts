// Faults on demand. A rule says which requests it hits, how often, and what goes wrong then; the first rule that
// matches a request is the one that applies.
import type { LoggedRequest } from './log.ts';
import type { Stream } from './streams.ts';
import type { Tweak } from './tweak.ts';

/** Answered without asking the world. */
export type Replaced =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Bytes are sent as they are, an object as JSON, a text as HTML when it begins with `<`. */
      readonly body?: string | object;
    }
  /** The socket is closed before any byte. */
  | { readonly kind: 'reset' }
  /** No answer, or one that stops after the given bytes; ended by the client or by close(). */
  | { readonly kind: 'hang'; readonly afterBytes?: number }
  | { readonly kind: 'bad-json'; readonly text?: string }
  | { readonly kind: 'empty-body' }
  | { readonly kind: 'html-200' }
  | { readonly kind: 'errors-200'; readonly errors?: readonly object[] }
  /** To another origin, by default one that does not exist. */
  | { readonly kind: 'redirect'; readonly to?: string; readonly status?: number };

/** The right answer, delivered badly. */
export type Damaged =
  /** Other bytes than the right ones, and perhaps more headers. */
  | {
      readonly kind: 'edit';
      readonly edit: (body: Buffer, request: LoggedRequest) => Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** content-length is right, then the connection breaks; `keep` is the part that arrives, 0.5 by default. */
  | { readonly kind: 'cut-body'; readonly keep?: number }
  /** Chunked, with a clean end, but only a part of the JSON. */
  | { readonly kind: 'cut-chunked'; readonly keep?: number }
  | { readonly kind: 'drip'; readonly chunks?: number; readonly everyMs?: number };

/** A well-formed answer that is wrong. */
export type Lying =
  | { readonly kind: 'timed-out'; readonly keep?: number; readonly counted?: boolean }
  | { readonly kind: 'wrong-total'; readonly total: number | ((real: number) => number) }
  | { readonly kind: 'ignored-sort' }
  | { readonly kind: 'short-page'; readonly drop?: number; readonly where?: 'end' | 'middle' }
  | { readonly kind: 'outside-window'; readonly count?: number }
  | { readonly kind: 'repeat-page' }
  | { readonly kind: 'missing-data' }
  | { readonly kind: 'wrong-org'; readonly org?: string };

export type Fault = Replaced | Damaged | Lying;

export interface Match {
  readonly method?: string;
  readonly path?: string | RegExp;
  readonly on?: LoggedRequest['kind'];
  readonly stream?: Stream;
  readonly context?: string;
  readonly page?: number;
  /** Of the requests that match the rest: only this one, counted from 1, or those it is true of. */
  readonly nth?: number | ((n: number) => boolean);
}

export type FaultRule = Fault & {
  readonly match?: Match | ((request: LoggedRequest) => boolean);
  /** How many requests are hit; 1 by default. */
  readonly times?: number;
};

export interface ActiveFault {
  /** How many requests it has hit. */
  readonly hits: number;
  remove(): void;
}

interface Active {
  readonly rule: FaultRule;
  hits: number;
  matched: number;
}

export class Faults {
  #active: Active[] = [];

  add(rule: FaultRule): ActiveFault {
    const active: Active = { rule, hits: 0, matched: 0 };
    this.#active.push(active);
    return {
      get hits() {
        return active.hits;
      },
      remove: () => {
        this.#active = this.#active.filter(one => one !== active);
      },
    };
  }

  clear(): void {
    this.#active = [];
  }

  /** The fault for a request, now used up by one. */
  take(request: LoggedRequest): Fault | undefined {
    for (const active of this.#active) {
      if (active.hits >= (active.rule.times ?? 1) || !matches(active, request)) continue;
      active.hits++;
      return active.rule;
    }
    return undefined;
  }
}

function matches(active: Active, request: LoggedRequest): boolean {
  const { match = {} } = active.rule;
  if (typeof match === 'function') return match(request);
  const { method, path, on, stream, context, page, nth } = match;
  if (method !== undefined && method !== request.method) return false;
  if (path !== undefined && !(typeof path === 'string' ? path === request.path : path.test(request.path))) return false;
  if (on !== undefined && on !== request.kind) return false;
  if (stream !== undefined && stream !== request.stream) return false;
  if (context !== undefined && context !== request.context) return false;
  if (page !== undefined && page !== request.page) return false;
  active.matched++;
  if (nth === undefined) return true;
  return typeof nth === 'number' ? nth === active.matched : nth(active.matched);
}

export const WRONG_ORG = '5f00000000000000000000ff';

/** What a lying fault does to the answer; nothing for the others. */
export function tweakOf(fault: Fault | undefined): Tweak {
  switch (fault?.kind) {
    case 'timed-out':
      return { timedOut: { keep: fault.keep ?? 0.5, counted: fault.counted ?? false } };
    case 'wrong-total': {
      const { total } = fault;
      return { total: typeof total === 'function' ? total : () => total };
    }
    case 'ignored-sort':
      return { ignoreSort: true };
    case 'short-page':
      return { drop: { count: fault.drop, where: fault.where ?? 'end' } };
    case 'outside-window':
      return { outside: fault.count ?? 3 };
    case 'repeat-page':
      return { repeatPage: true };
    case 'missing-data':
      return { missingData: true };
    case 'wrong-org':
      return { org: fault.org ?? WRONG_ORG };
    default:
      return {};
  }
}
