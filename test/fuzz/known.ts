// Faults that the fuzzer has found and that still exist, all of them in the toolkit. A fix removes its entry, so that the
// fault cannot come back.
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
    kind: 'leak',
    what: /not valid JSON|Unexpected non-whitespace|Failed request: |Failed to (?:save|restore): |uploadCacheArchiveSDK: |Cache reservation failed: |Cache hit for|Attempt \d+ of |##\[debug\]|Headers: \{|s: \{|"content-length\\": /,
    rules: /"service":"(?:results|blobs)"/,
    why: '@actions/cache and @actions/artifact log what the results service sends',
  },
  {
    kind: 'unclear',
    what: /Qzmark/,
    rules: /"service":"(?:results|blobs)"/,
    why: 'the same: a line break in the key of a cache entry begins a workflow command',
  },
  {
    kind: 'leak',
    what: /^asked another host: /,
    rules: /"service":"results"[^}]*"status":30\d/,
    why: 'the same: the client of the results service follows where that redirects to, with the token that it has from us (seed 20310961)',
  },
  {
    kind: 'memory',
    what: /./,
    rules: /"service":"results".*\[{1000}/,
    why: 'the same: 4,000 nested arrays are indented for the log, which makes 32 MB of 8 kB (seed 20300220)',
  },
];

export function isKnown(finding: Finding, { rules }: Case): boolean {
  const text = JSON.stringify(rules);
  return KNOWN.some(
    known => known.kind === finding.kind && known.what.test(finding.what) && (known.rules?.test(text) ?? true),
  );
}
