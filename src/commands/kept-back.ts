// What a run keeps back of its records (docs/privacy.md): how, whether the paths mean something, and what earlier runs did.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { SyncError } from '../errors.ts';
import { FieldFilter } from '../records/fields.ts';
import { hashWith, keyDigest } from '../records/hash-key.ts';
import type { Log } from '../report/log.ts';
import {
  type FieldPath,
  type KeptBack,
  keptBackOf,
  type PublishedFields,
  treatmentOf,
  unitePublished,
} from '../sync/kept-back.ts';
import type { State, StreamRevision } from '../sync/state.ts';

export type KeptFields = Awaited<ReturnType<typeof openKeptFields>>;

/** What is kept back of the streams of a run, and what of it was met so far. */
export async function openKeptFields(config: Config, state: State) {
  const { excludeFields, hashFields, hashKey } = config;
  const isKnown = await openSchemas(config, state);
  const hash = hashWith(hashKey);
  const digest = hashFields.length === 0 ? undefined : keyDigest(hashKey);
  const filters = new Map<string, FieldFilter>();
  for (const { name } of config.streams) {
    const paths = keptBackOf(name, config);
    if (paths.size > 0) filters.set(name, new FieldFilter(paths, hash));
  }
  const isMet = (stream: string, path: string) =>
    filters.get(stream)?.hasMet(path) === true || hasMetBefore(stream, path, state) || isKnown(stream, path);
  /** A stream without lines cannot tell, and nothing of it is published. */
  const isUnknown = ({ stream, path }: FieldPath) => {
    const streams = stream === '*' ? [...filters.keys()] : [stream];
    return streams.some(name => filters.get(name)?.hasLines) && !streams.some(name => isMet(name, path));
  };
  return {
    filterOf: (stream: string) => filters.get(stream),
    /** Whether what has been read so far may be published: all paths are those of fields. */
    areKnown: () => ![...excludeFields, ...hashFields].some(isUnknown),
    /** @throws SyncError `unknown-field`, once what was read is removed: it may have what was meant to be kept back */
    async requireKnown(directory: string): Promise<void> {
      const wrong = [
        ...excludeFields.filter(isUnknown).map(field => sayUnknown('exclude-fields', field, filters)),
        ...hashFields.filter(isUnknown).map(field => sayUnknown('hash-fields', field, filters)),
      ];
      if (wrong.length === 0) return;
      for (const { name } of config.streams) await rm(join(directory, name), { recursive: true, force: true });
      throw new SyncError('unknown-field', {
        what: `No record that was read has a field that is to be kept back:${wrong.map(each => `\n- ${each}`).join('')}`,
        todo: 'Correct the path, which is as the written record has it, or remove the line; nothing was published.',
      });
    },
    /**
     * What was kept back in all lines of a stream, once this run is published.
     * @param before how earlier runs published the stream; undefined when they published none of it that counts
     */
    publishedOf(stream: string, before: StreamRevision | undefined): PublishedFields | undefined {
      const paths: KeptBack = keptBackOf(stream, config);
      const unmet = new Set([...paths.keys()].filter(path => !isMet(stream, path)));
      const isHashed = [...paths.values()].includes('hashed');
      const own = { paths, unmet, ...(isHashed && { hashKey: digest }) };
      if (before !== undefined && before.published !== 0) return unitePublished(own, before.keptBack);
      return paths.size === 0 ? undefined : own;
    },
  };
}

/** Whether the schema of a stream has a path. The schemas are loaded where something is kept back. */
async function openSchemas({ recordFormat, excludeFields, hashFields }: Config, { schemas }: State) {
  if (excludeFields.length + hashFields.length === 0) return () => false;
  const { hasColumn, schemaBefore } = await import('../schema/learn.ts');
  return (stream: string, path: string) => hasColumn(schemaBefore(stream, recordFormat, schemas.get(stream)), path);
}

/** Whether a record of an earlier run had a field that was kept back then. */
function hasMetBefore(stream: string, path: string, { revisions }: State): boolean {
  const known = revisions.get(stream)?.keptBack;
  return known?.paths.has(path) === true && !known.unmet.has(path);
}

function sayUnknown(input: string, { stream, path }: FieldPath, filters: ReadonlyMap<string, FieldFilter>): string {
  const streams = stream === '*' ? [...filters.keys()] : [stream];
  const near = streams.flatMap(name => {
    const { at, name: given, names } = filters.get(name)?.namesBeside(path) ?? { at: '', name: '', names: [] };
    return names.filter(each => isNear(each, given)).map(each => `\`${stream}.${at}${each}\``);
  });
  const question = near.length === 0 ? '' : ` Did you mean ${[...new Set(near)].slice(0, 3).join(' or ')}?`;
  return `\`${input}\`: \`${stream}.${path.replace(/[^\p{L}\p{N} ._-]/gu, '?').slice(0, 80)}\`.${question}`;
}

/** Whether a name was probably meant. Names may be data, so only those are said that are nearly what the user wrote. */
function isNear(name: string, given: string): boolean {
  if (!/^[a-zA-Z_]\w{0,59}$/.test(name)) return false;
  const [a, b] = [name, given].map(each => each.toLowerCase().replace(/[\s_-]/g, '')) as [string, string];
  return a === b || editDistance(a, b) <= Math.min(2, Math.floor(b.length / 2)) || (b.length > 2 && a.startsWith(b));
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

type Continued = Partial<StreamRevision> & { readonly name: string };

/**
 * Compares what is to be kept back with what was kept back of the lines that are published already.
 * @throws SyncError `hash-key-changed`
 */
export function checkKeptBack(config: Config, continued: readonly Continued[], log: Log): void {
  requireSameKey(config, continued);
  const [newly, wanted]: [string[], string[]] = [[], []];
  for (const { name, recordFormat, published, keptBack } of continued) {
    // Nothing of the stream is published.
    if (recordFormat === undefined || published === 0) continue;
    const now = keptBackOf(name, config);
    const before = keptBack?.paths ?? new Map();
    for (const path of new Set([...now.keys(), ...before.keys()])) {
      const treatment = treatmentOf(path, now);
      if (treatmentOf(path, before) === treatment) continue;
      const shown = `\`${name}.${path.replace(/[^\p{L}\p{N} ._-]/gu, '?').slice(0, 80)}\``;
      (treatment === undefined ? wanted : newly).push(shown);
    }
  }
  if (newly.length > 0) {
    log.warning(
      `Some fields were not always kept back as they are now, so what was published before may have them: ${listed(newly)}. Run once with \`sync-mode: full_refresh\`, which replaces the files on a data branch, and delete earlier artifacts; docs/privacy.md says what else keeps them.`,
    );
  }
  if (wanted.length > 0) {
    log.warning(
      `Some fields that are wanted now were left out or hashed in what was published before: ${listed(wanted)}. Run once with \`sync-mode: full_refresh\` or \`reset-state: true\` to have them in all records.`,
    );
  }
}

function requireSameKey({ hashKey, hashFields }: Config, continued: readonly Continued[]): void {
  const hashed = continued.filter(({ keptBack }) => keptBack?.hashKey !== undefined);
  if (hashFields.length === 0 || hashed.length === 0) return;
  const digest = keyDigest(hashKey);
  const other = hashed.filter(({ keptBack }) => keptBack?.hashKey !== digest).map(({ name }) => name);
  if (other.length === 0) return;
  throw new SyncError('hash-key-changed', {
    what: `\`hash-key\` is another one than that with which ${other.join(', ')} were published so far: equal values would have different hashes.`,
    todo: 'Set `hash-key` back, or run once with `sync-mode: full_refresh` or `reset-state: true` to hash everything with the new key.',
  });
}

const MAX_LISTED = 10;

function listed(fields: readonly string[]): string {
  const more = fields.length > MAX_LISTED ? ` and ${fields.length - MAX_LISTED} more` : '';
  return `${fields.slice(0, MAX_LISTED).join(', ')}${more}`;
}
