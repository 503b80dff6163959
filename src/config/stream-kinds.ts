// The kinds of inputs that name streams, or fields of streams.
import { STREAM_NAMES, USUAL_STREAMS } from '../kustomer/streams.ts';
import { type FieldPath, parseFieldPath } from '../sync/kept-back.ts';
import type { Selection, SyncMode } from '../sync/plan.ts';
import { didYouMean, type Kind, quoted } from './kinds.ts';

/** A stream that was selected; without a mode of its own, `sync-mode` decides. */
export type StreamEntry = Omit<Selection, 'mode'> & { readonly mode: SyncMode | undefined };

/** The streams that one entry selects; none when the entry is not accepted. */
function streamsOf(entry: string): StreamEntry[] {
  const [, name, mode] = /^(\S+?)(?:\s*:\s*(incremental|full_refresh))?$/.exec(entry) ?? [];
  const names = name === 'all' ? USUAL_STREAMS.map(stream => stream.name) : STREAM_NAMES.filter(each => each === name);
  return names.map(each => ({ name: each, mode: mode as SyncMode | undefined, named: name !== 'all' }));
}

function entriesOf(text: string): string[] {
  return (text.match(/[^,\n]+/g) ?? []).map(entry => entry.trim()).filter(entry => entry !== '');
}

/** Each stream once, in the order of their table. An entry for one stream wins over `all`, the last one over others. */
export const selection: Kind<readonly StreamEntry[]> = {
  use: `\`all\` or any of ${STREAM_NAMES.join(', ')}, each alone or with \`:full_refresh\` or \`:incremental\``,
  parse(text) {
    const selected = new Map<string, StreamEntry>();
    for (const entry of entriesOf(text)) {
      const streams = streamsOf(entry);
      if (streams.length === 0) return undefined;
      for (const each of streams) if (each.named || !selected.has(each.name)) selected.set(each.name, each);
    }
    return selected.size === 0 ? undefined : STREAM_NAMES.flatMap(name => selected.get(name) ?? []);
  },
  hint(text) {
    const unknown = entriesOf(text).filter(entry => streamsOf(entry).length === 0);
    return unknown.length === 0 ? '' : `Not known: ${unknown.map(withSuggestion).join(', ')}.`;
  },
};

/** An entry that was not accepted, with the name that was probably meant. */
function withSuggestion(entry: string): string {
  const [, name = '', mode = ''] = /^([^:]*?)\s*(?::\s*(.*))?$/s.exec(entry) ?? [];
  const question = didYouMean(name, ['all', ...STREAM_NAMES]) || didYouMean(mode, SYNC_MODES);
  return question === '' ? quoted(entry) : `${quoted(entry)} (${question.replace('Did', 'did')})`;
}

const SYNC_MODES: readonly SyncMode[] = ['incremental', 'full_refresh'];

/** One a line. */
export const fieldPaths: Kind<readonly FieldPath[]> = {
  use: 'lines of `stream.path`, such as `customers.emails` or `*.custom.ssn_str`',
  parse(text) {
    const fields = linesOf(text).map(fieldIn);
    return fields.includes(null) ? undefined : (fields as FieldPath[]);
  },
  hint(text) {
    const wrong = linesOf(text).filter(line => fieldIn(line) === null);
    return `Not known: ${wrong.map(line => withSuggestion(line.replace(/\..*/s, ''))).join(', ')}.`;
  },
};

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
}

function fieldIn(line: string): FieldPath | null {
  const field = parseFieldPath(line);
  return field !== null && ['*', ...STREAM_NAMES].includes(field.stream) ? field : null;
}
