// Faults of src that the fuzzer has found and that still exist. A fix removes its entry, so that the fault cannot come
// back.
import type { Case } from './case.ts';
import type { Finding } from './oracle.ts';

interface Known {
  readonly kind: Finding['kind'];
  readonly what: RegExp;
  /** The rules of the case, as JSON. */
  readonly rules?: RegExp;
  /** Where the fault is, and a seed that shows it. */
  readonly why: string;
}

const KNOWN: readonly Known[] = [
  {
    kind: 'crash',
    what: /^(?:main|post) (?:ended with 13|says Warning: Detected unsettled)/,
    why: 'state/cache, publish/upload: a call of the toolkit never returns when a body of the service stops (seed 96)',
  },
  {
    kind: 'memory',
    what: /./,
    rules: /"kind":"bomb"/,
    why: 'kustomer/body: a response may expand to 384 MB in memory (seeds 33, 3077)',
  },
  {
    kind: 'hang',
    what: /no progress/,
    rules: /"of":"empty objects"/,
    why: 'kustomer/json: 3,000,000 records of one response are parsed before their number is checked (seed 2082)',
  },
  {
    kind: 'hang',
    what: /no progress/,
    rules: /"60,000 keys alike"/,
    why: 'sync/json-bytes: KeyCache compares a key with all others of its slot (seed 1013)',
  },
  {
    kind: 'not clean',
    what: /RangeError/,
    rules: /"updatedAt in year 275760"/,
    why: 'sync/read-list: the deletion of a record of the last possible time has a time after it (seed 1004)',
  },
  {
    kind: 'doubling',
    what: /./,
    rules: /"date":"(?:Thu, 01 Jan 1970|-271821|0")/,
    why: 'kustomer/client: a `date` of 1970 means a clock that is 56 years fast, so that nothing counts as read (seed 3110)',
  },
  {
    kind: 'unclear',
    what: /^main says an error twice/,
    why: 'report/report: equal messages of two streams become two annotations (seed 47)',
  },
  {
    kind: 'leak',
    what: /not valid JSON|Cache hit for restore-key|##\[debug\]|Headers: \{/,
    rules: /"service":"(?:results|blobs)"/,
    why: '@actions/cache and @actions/artifact log what the results service sent (seeds 1041, 2048, 2107, 2159)',
  },
];

export function isKnown(finding: Finding, { rules }: Case): boolean {
  const text = JSON.stringify(rules);
  return KNOWN.some(
    known => known.kind === finding.kind && known.what.test(finding.what) && (known.rules?.test(text) ?? true),
  );
}
