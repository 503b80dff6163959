/** Reads and checks the inputs of the main step. All problems are found before the first is reported. */
import { SyncError } from '../errors.ts';
import { type Config, makeConfig } from './config.ts';
import { conflicts } from './conflicts.ts';
import { given, maskSecret } from './given.ts';
import { defaultOf, INPUT_NAMES, INPUTS, type InputName } from './inputs.ts';
import { quoted } from './kinds.ts';

/** @throws SyncError `invalid-input` with every problem: the input, its text (unless it is a secret) and what to use */
export function readConfig(): Config {
  for (const name of SECRETS) maskSecret(name);
  const problems = new Map<InputName, string>();
  const config = makeConfig(name => {
    const { kind } = INPUTS[name];
    const value = kind.parse(textOf(name));
    if (value === undefined) problems.set(name, problemOf(name));
    // The default stands in for a bad value, so that the conflicts between the others are found as well.
    return value === undefined ? kind.parse(defaultOf(name)) : value;
  });
  const found = conflicts(config, name => shown(textOf(name))).filter(({ input }) => !problems.has(input));
  const all = [...problems.values(), ...found.map(({ problem }) => problem)];
  if (all.length > 0) throw invalid(all, problems);
  return Object.freeze(config);
}

const SECRETS = INPUT_NAMES.filter(name => INPUTS[name].kind.isSecret);

/** An input that was left empty has its default, as one that was left out has. */
function textOf(name: InputName): string {
  const text = given(name);
  if (text.trim() === '') return defaultOf(name);
  return INPUTS[name].kind.isSecret ? text : text.trim();
}

/** `` `concurrency` is `0`. Use a whole number from 1 to 100. `` */
function problemOf(name: InputName): string {
  const { kind } = INPUTS[name];
  const text = textOf(name);
  const is = kind.isSecret && text !== '' ? 'a secret of the wrong form' : shown(text);
  const hint = kind.isSecret || !mayHoldSecret(text) ? (kind.hint?.(text) ?? '') : '';
  return `\`${name}\` is ${is}. Use ${kind.use}.${hint === '' ? '' : ` ${hint}`}`;
}

function shown(text: string): string {
  if (text === '') return 'empty';
  return mayHoldSecret(text) ? 'not shown here, since it may hold a secret' : quoted(text);
}

/**
 * Whether a text contains a secret that was pasted into the wrong input, or looks like an address with a password. The
 * runner masks a secret as a whole, and not a part of it that a message cuts off.
 */
function mayHoldSecret(text: string): boolean {
  return (
    /@|AGE-SECRET-KEY-/i.test(text) ||
    SECRETS.map(name => given(name).trim()).some(key => key !== '' && text.includes(key))
  );
}

function invalid(problems: readonly string[], byInput: ReadonlyMap<InputName, unknown>): SyncError {
  const list = problems.map(problem => `\n- ${problem}`).join('');
  // The block is as it should be where the secret is not.
  const secret = SECRETS.some(name => byInput.has(name)) ? 'the secret, or ' : '';
  return new SyncError('invalid-input', {
    what: problems.length > 1 ? `These inputs cannot be used:${list}` : problems.join(),
    todo: `Correct ${secret}the \`with:\` block of the step; nothing was requested from Kustomer.`,
  });
}
