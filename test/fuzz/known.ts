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
    kind: 'doubling',
    what: /./,
    rules: /"date":"(?:Thu, 01 Jan 1970|-271821|0")/,
    why: 'kustomer/client: a `date` of 1970 means a clock that is 56 years fast: nothing counts as read (seed 5071)',
  },
  {
    kind: 'not clean',
    what: /\(RangeError\)/,
    rules: /"updatedAt in year 275760"/,
    why: 'sync/read-list: the deletion of a record of the last possible time has a later time (seed 1004)',
  },
  {
    kind: 'loss',
    what: /./,
    rules: /"updatedAt in year 275760"/,
    why: 'the same: the stream fails in each run (seed 1004)',
  },
  {
    kind: 'unclear',
    what: /\(TypeError\)/,
    rules: /"null-totals"/,
    why: 'publish/branch/readme: totals of the saved state are used unchecked (seed 2982)',
  },
  {
    kind: 'unclear',
    what: /^main says an error twice/,
    why: 'report/report: equal messages of two streams become two annotations (seed 11198)',
  },
  {
    kind: 'leak',
    what: /not valid JSON|Unexpected non-whitespace|Failed request: |Failed to save: |Cache hit for restore-key|##\[debug\]|Headers: \{|s: \{|"content-length\\": /,
    rules: /"service":"(?:results|blobs)"/,
    why: '@actions/cache and @actions/artifact log what the results service sends',
  },
  {
    kind: 'unclear',
    what: /Qzmark/,
    rules: /"service":"(?:results|blobs)"/,
    why: 'the same: a line break in the key of a cache entry begins a workflow command',
  },
];

export function isKnown(finding: Finding, { rules }: Case): boolean {
  const text = JSON.stringify(rules);
  return KNOWN.some(
    known => known.kind === finding.kind && known.what.test(finding.what) && (known.rules?.test(text) ?? true),
  );
}
