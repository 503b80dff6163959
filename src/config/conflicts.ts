/** Checks inputs against each other: the two dates, the fields to keep back, what a mode refuses, and the jobs of a plan. */
import { canCompact } from '../publish/choose.ts';
import { digest } from '../shards/shard.ts';
import { coversField, type FieldPath, protectedIn } from '../sync/kept-back.ts';
import { type Config, inputsOf } from './config.ts';
import { INPUTS, type InputName } from './inputs.ts';

/**
 * @param shown the text of an input, fit for a message
 * @returns problems, each with the input that the user has to change
 */
export function conflicts(config: Config, shown: (name: InputName) => string) {
  const { mode, shard, plan, startDate, endDate, streams, shardsAtOnce } = config;
  const found: { readonly input: InputName; readonly problem: string }[] = [];
  const add = (input: InputName, problem: string) => found.push({ input, problem: `\`${input}\` ${problem}` });

  if (startDate !== null && endDate !== null && endDate <= startDate) {
    add('end-date', `is ${shown('end-date')}. Use a time after \`start-date\`, which is ${shown('start-date')}.`);
  }
  if (startDate !== null && startDate > Date.now()) {
    add('start-date', `is ${shown('start-date')}, which has not come yet. Use a time in the past.`);
  }
  for (const [input, problem] of fieldConflicts(config)) add(input, problem);
  if (shard !== null && mode !== 'sync') add('shard', 'must be empty unless `mode` is `sync`.');
  if (plan.length > 0 && mode !== 'merge') add('plan', 'must be empty unless `mode` is `merge`.');
  if (plan.length === 0 && mode === 'merge') add('plan', `is empty. Use ${INPUTS.plan.kind.use}.`);
  if (config.singer) for (const problem of singerConflicts(config)) add('singer', problem);

  for (const [input, problem] of compactConflicts(config, shown)) add(input, problem);
  for (const [input, problem] of reconcileConflicts(config, shown)) add(input, problem);

  const planned = shard ?? plan[0];
  if (planned !== undefined && planned.inputs !== planDigest(config)) {
    const values = Object.entries(planInputs(config)).filter(([, value]) => value !== undefined);
    const same = values
      .map(([name]) => `\`${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}\``)
      .join(', ');
    const input = shard === null ? 'plan' : 'shard';
    add(input, `belongs to a plan that was made with other inputs. Use one made with the same ${same}.`);
  }
  const budget = Math.min(config.searchesPerMinute, config.requestsPerMinute ?? Number.POSITIVE_INFINITY);
  if (shardsAtOnce > budget) {
    const given = shown('shards-at-once');
    add('shards-at-once', `is ${given}. Use at most ${budget}, so that each shard has a request a minute.`);
  }
  const refreshed = streams.filter(stream => stream.mode === 'full_refresh').map(({ name }) => name);
  const isDivided = mode === 'plan' || mode === 'merge' || shard !== null;
  if (refreshed.length > 0 && (endDate !== null || isDivided)) {
    add(
      'streams',
      `selects ${refreshed.join(', ')} as \`full_refresh\`. Use \`incremental\` with \`end-date\`, with \`shard\` and with \`mode: plan\` or \`merge\`: a run that reads a part of a stream must not replace all of it.`,
    );
  }
  return found;
}

/** Inputs that a compaction would ignore, and that whoever sets them might expect to have an effect. */
const NOT_COMPACT = {
  'end-date': ({ endDate }: Config) => endDate,
  'exclude-fields': ({ excludeFields }: Config) => excludeFields[0],
  'hash-fields': ({ hashFields }: Config) => hashFields[0],
  'encrypt-to': ({ encryptTo }: Config) => encryptTo[0],
  'reset-state': ({ resetState }: Config) => resetState || null,
};

function compactConflicts(config: Config, shown: (name: InputName) => string): [InputName, string][] {
  if (config.mode !== 'compact') return [];
  const set = Object.entries(NOT_COMPACT).filter(([, read]) => (read(config) ?? null) !== null);
  const found = set.map(([input]): [InputName, string] => [
    input as InputName,
    'must be left out with `mode: compact`, which leaves state and lines as they are.',
  ]);
  if (canCompact(config.destination)) return found;
  const is = `is ${shown('destination')}. Use \`branch\` with \`mode: compact\`: only a data branch can be rewritten.`;
  return [['destination', is], ...found];
}

function fieldConflicts({ excludeFields, hashFields, hashKey, recordFormat }: Config): [InputName, string][] {
  const lineOf = ({ stream, path }: FieldPath) => `\`${stream}.${path}\``;
  const found: [InputName, string][] = [];
  for (const [input, fields] of [['exclude-fields', excludeFields] as const, ['hash-fields', hashFields] as const]) {
    for (const field of fields) {
      const own = protectedIn(field.path, recordFormat);
      const what = `has ${lineOf(field)}, and \`${own}\` cannot be left out or hashed`;
      if (own !== undefined)
        found.push([input, `${what}: it tells records and their versions apart. Remove that line.`]);
    }
  }
  for (const field of hashFields) {
    const outer = excludeFields.find(each => coversField(each, field));
    const what = `has ${lineOf(field)}, which \`exclude-fields\` leaves out`;
    if (outer !== undefined) found.push(['hash-fields', `${what} by ${lineOf(outer)}. Remove one of the two lines.`]);
  }
  if (hashFields.length > 0 && hashKey === '') {
    found.push(['hash-key', `is empty. Use ${INPUTS['hash-key'].kind.use}: \`hash-fields\` needs it.`]);
  }
  return found;
}

function reconcileConflicts(config: Config, shown: (name: InputName) => string): [InputName, string][] {
  if (config.mode !== 'reconcile') return [];
  const narrowing = [
    ['start-date', config.startDate !== null],
    ['end-date', config.endDate !== null],
    ['archive', config.archive === 'never'],
  ] as const;
  return narrowing
    .filter(([, isGiven]) => isGiven)
    .map(([input]): [InputName, string] => [
      input,
      `is ${shown(input)}. Leave it out with \`mode: reconcile\`, which reads all ids that exist.`,
    ]);
}

function singerConflicts({ recordFormat, mode, encryptTo }: Config): string[] {
  const found: string[] = [];
  if (recordFormat !== 'flat') found.push('must be `false` unless `record-format` is `flat`.');
  if (mode !== 'sync' && mode !== 'check') found.push('must be `false` unless `mode` is `sync` or `check`.');
  // A target reads plain text.
  if (encryptTo.length > 0) found.push('must be `false` with `encrypt-to`: its messages are not encrypted.');
  return found;
}

/** Digest of the inputs on which all jobs of a plan must agree. A plan has it, and each job compares its own. */
export function planDigest(config: Config): string {
  return digest(JSON.stringify(Object.values(planInputs(config))));
}

/** The inputs on which all jobs of a plan must agree: most of the group `basic`, and others that decide what is published. */
function planInputs(config: Config): { readonly [Name in InputName]?: unknown } {
  const { apiUrl, onMissingState, resetState, ...basic } = inputsOf(config, 'basic');
  const { archive, settleMs: settle, lookbackMs: lookback } = config;
  const fields = { 'exclude-fields': config.excludeFields, 'hash-fields': config.hashFields };
  return {
    ...basic,
    streams: basic.streams.map(({ name }) => name),
    archive,
    settle,
    lookback,
    ...fields,
  };
}
