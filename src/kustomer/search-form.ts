// In which form a search is asked. Nobody says which parts every context and both searches accept, so a search that is
// refused with 400 on its first page is asked in narrower forms, once each, and goes on in the first one that is accepted
// (docs/kustomer-api.md#search-forms).
import type { Interval } from '../sync/intervals.ts';
import { openMutex } from '../sync/mutex.ts';
import type { SearchRequest } from '../sync/source.ts';
import { hasStatus } from './request-errors.ts';
import type { SearchStream } from './streams.ts';

export interface SearchForm {
  /** Of the filter keys: those of a klass begin in one of two ways (docs/kustomer-api.md#klass-filter-keys). */
  readonly prefix: string;
  /** Without `sort`, the order of a page proves nothing. */
  readonly isSorted: boolean;
  /** Without `includeDeleted`, records that are marked as deleted do not come. */
  readonly hasDeletedFlag: boolean;
  /** The operator before the end of a range: `lt` with the end, or `lte` with the millisecond before it. */
  readonly end: 'lt' | 'lte';
}

type AnyPrefix = Omit<SearchForm, 'prefix'>;

const FULL: AnyPrefix = { isSorted: true, hasDeletedFlag: true, end: 'lt' };
const FORMS: readonly AnyPrefix[] = [
  FULL,
  { ...FULL, isSorted: false },
  { ...FULL, hasDeletedFlag: false },
  { ...FULL, end: 'lte' },
  { isSorted: false, hasDeletedFlag: false, end: 'lte' },
];

/** The form that is tried first. */
export function fullForm(prefix: string): SearchForm {
  return { ...FULL, prefix };
}

/** `from <= updated_at < to` (ms), or what the cursor of the stream is, and perhaps a range of `created_at`. */
export type Criteria = Interval & Partial<Pick<SearchRequest, 'created'>> & { readonly order?: 'asc' | 'desc' };

/** One criterion has one operator, so a range takes two (docs/kustomer-api.md#search-request). */
export function bodyOf(
  form: SearchForm,
  cursor: SearchStream['cursor'],
  { from, to, created, order = 'asc' }: Criteria,
): object {
  const { prefix, end, isSorted } = form;
  const criterion = (field: string, operator: string, at: number) => ({
    [`${prefix}_${field}`]: { [operator]: new Date(at).toISOString() },
  });
  const before = (field: string, at: number) => criterion(field, end, end === 'lt' ? at : at - 1);
  const and = [criterion(`${cursor}_at`, 'gte', from), before(`${cursor}_at`, to)];
  if (typeof created?.from === 'number') and.push(criterion('created_at', 'gte', created.from));
  if (typeof created?.to === 'number') and.push(before('created_at', created.to));
  return { and, ...(isSorted ? { sort: [{ [`${prefix}_${cursor}_at`]: order }] } : {}) };
}

interface Attempt {
  /** An answer shows that the form is accepted: a request without criteria has only a part of it. */
  readonly isProof: boolean;
  /** A refusal may be due to the form: not beyond the first page. */
  readonly mayNegotiate: boolean;
}

/** What searches that are refused together have in common: where one was refused in every form, others try the plainest. */
export function openRefusals() {
  return { exclusively: openMutex(), isAny: false };
}

/** One negotiation of a search, live or archive: finds the form that Kustomer accepts, and remembers it. */
export function openNegotiation(refusals = openRefusals()) {
  let accepted: SearchForm | undefined;
  let isRefused = false;
  return async <T>(
    send: (form: SearchForm) => Promise<T>,
    prefixes: readonly string[],
    { isProof, mayNegotiate }: Attempt,
  ): Promise<T> => {
    const forms = FORMS.flatMap(form => prefixes.map((prefix): SearchForm => ({ ...form, prefix })));
    // Without criteria, the flag is all that can be left out.
    const narrower = isProof ? forms.slice(1) : forms.filter(({ hasDeletedFlag }) => !hasDeletedFlag).slice(0, 1);
    const sendAs = async (form: SearchForm) => {
      const answer = await send(form);
      if (isProof) accepted = form;
      return answer;
    };
    const known = accepted;
    const first = known ?? (forms[0] as SearchForm);
    try {
      return await sendAs(first);
    } catch (refusal) {
      if (known !== undefined || !mayNegotiate || !hasStatus(refusal, 400)) throw refusal;
      // Requests that were under way at the same time wait for what the first of them finds out.
      return refusals.exclusively(async () => {
        const rest = accepted !== undefined ? [accepted] : refusals.isAny ? narrower.slice(-1) : narrower;
        for (const form of isRefused ? [] : rest) {
          const answer = await sendAs(form).then(
            value => ({ value }),
            error => {
              if (hasStatus(error, 400)) return null;
              throw error;
            },
          );
          if (answer !== null) return answer.value;
        }
        isRefused ||= isProof;
        refusals.isAny ||= isProof;
        throw refusal;
      });
    }
  };
}

/** The streams whose searches were accepted in a narrower form only, by what had to go. */
export function openFormNotes() {
  const [sort, flag, lt] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const says = (streams: ReadonlySet<string>, part: string, form: string) =>
    streams.size === 0
      ? []
      : [`Kustomer refused \`${part}\` in searches of ${[...streams].sort().join(', ')} (400). ${form}`];
  return {
    note(stream: string, { isSorted, hasDeletedFlag, end }: SearchForm): void {
      if (!isSorted) sort.add(stream);
      if (!hasDeletedFlag) flag.add(stream);
      if (end === 'lte') lt.add(stream);
    },
    /** Whether records marked as deleted came with a stream, as far as they were asked for. */
    hasDeleted: (stream: string) => !flag.has(stream),
    /** What to say of them. */
    sentences: () => [
      ...says(sort, 'sort', 'They were read without an order, in small windows, which takes more requests.'),
      ...says(flag, 'includeDeleted', 'They were read without it, so that records marked as deleted may be missing.'),
      ...says(lt, 'lt', 'They were read with `lte` and the millisecond before.'),
    ],
  };
}
