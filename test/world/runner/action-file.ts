// Reads action.yml as the runner does, and turns inputs into INPUT_ variables (docs/actions-platform.md#inputs).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { interpolate, type Scope } from './expressions.ts';

export interface ActionInput {
  default: string;
  deprecationMessage: string | undefined;
}

export interface ActionFile {
  dir: string;
  name: string;
  inputs: Map<string, ActionInput>;
  using: string;
  main: string;
  post: string | undefined;
  postIf: string;
}

/** Those that were read, by directory and text: a file of tests starts the same action a hundred times. */
const read = new Map<string, ActionFile>();

export async function readAction(dir: string): Promise<ActionFile> {
  const text = await readFile(join(dir, 'action.yml'), 'utf8').catch(() => readFile(join(dir, 'action.yaml'), 'utf8'));
  const key = `${dir}\n${text}`;
  const action = read.get(key) ?? parseAction(dir, text);
  read.set(key, action);
  return action;
}

function parseAction(dir: string, text: string): ActionFile {
  const document = parse(text) as {
    name?: string;
    inputs?: Record<string, { default?: unknown; deprecationMessage?: string } | null>;
    runs?: Record<string, string | undefined>;
  };
  const runs = document.runs ?? {};
  // The runner's parser takes no other (docs/actions-platform.md#node-24); we run only what we publish.
  if (runs.using !== 'node24') throw new Error(`action.yml: runs.using is ${runs.using}, and only node24 is run here`);
  if (runs.main === undefined) throw new Error('action.yml: runs.main is missing');
  const inputs = new Map<string, ActionInput>();
  for (const [name, input] of Object.entries(document.inputs ?? {})) {
    const value = input?.default;
    inputs.set(name.toLowerCase(), {
      default: value === undefined || value === null ? '' : String(value),
      deprecationMessage: input?.deprecationMessage,
    });
  }
  return {
    dir,
    name: document.name ?? dir,
    inputs,
    using: runs.using,
    main: runs.main,
    post: runs.post,
    postIf: runs['post-if'] ?? 'always()',
  };
}

/** Evaluated anew for each phase, so that `${{ job.status }}` as a default tells the post step how the job went. */
export function inputVariables(
  action: ActionFile,
  given: Record<string, string>,
  scope: Scope,
): { variables: Record<string, string>; warnings: string[] } {
  const values = new Map<string, string>();
  const warnings: string[] = [];
  for (const [name, input] of action.inputs) values.set(name, interpolate(input.default, scope));
  const unknown = Object.keys(given).filter(name => !action.inputs.has(name.toLowerCase()));
  for (const [name, value] of Object.entries(given)) {
    values.set(name.toLowerCase(), interpolate(value, scope));
    const message = action.inputs.get(name.toLowerCase())?.deprecationMessage;
    if (message !== undefined) warnings.push(`Input '${name}' has been deprecated with message: ${message}`);
  }
  if (unknown.length > 0) {
    const list = (names: Iterable<string>) => [...names].map(name => `'${name}'`).join(', ');
    warnings.push(`Unexpected input(s) ${list(unknown)}, valid inputs are [${list(action.inputs.keys())}]`);
  }
  // Upper case, spaces become underscores, hyphens stay. An input without default arrives as an empty text.
  const variables = [...values].map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]);
  return { variables: Object.fromEntries(variables), warnings };
}
