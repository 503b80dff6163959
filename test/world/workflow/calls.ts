// What goes into a workflow and what its jobs may do: inputs by their declared types, secrets, and permissions that a
// called workflow can lower but never raise.
import type { Level, Permissions } from '../github/repository.ts';
import type { Input, Trigger } from './file.ts';

/** Of `workflow_call` as they are, of `workflow_dispatch` as the texts that a form or the API sends. */
export function inputsOf(
  where: string,
  declared: Record<string, Input> = {},
  given: Record<string, unknown> = {},
): Record<string, unknown> {
  const unknown = Object.keys(given).filter(name => !(name in declared));
  if (unknown.length > 0) throw new Error(`${where}: there is no input ${unknown.join(', ')}`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, input]) => {
      const type = input.type ?? 'string';
      if (input.required && given[name] === undefined) throw new Error(`${where}: input ${name} is required`);
      const value = given[name] ?? input.default ?? { string: '', boolean: false, number: 0 }[type];
      if (type === 'string') return [name, String(value)];
      const is: string = typeof value;
      if (is !== type) throw new Error(`${where}: input ${name} is to be a ${type}`);
      return [name, value];
    }),
  );
}

/** A form sends texts, and GitHub makes of them what was declared. */
export function fromForm(
  declared: Record<string, Input> = {},
  given: Record<string, string> = {},
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      declared[name]?.type === 'boolean' ? value === 'true' : declared[name]?.type === 'number' ? Number(value) : value,
    ]),
  );
}

export function secretsOf(
  where: string,
  declared: Trigger['secrets'] = {},
  given: Record<string, string> = {},
): Record<string, string> {
  const unknown = Object.keys(given).filter(name => !(name in declared));
  if (unknown.length > 0) throw new Error(`${where}: there is no secret ${unknown.join(', ')}`);
  const missing = Object.entries(declared).find(([name, secret]) => secret?.required && !given[name]);
  if (missing !== undefined) throw new Error(`${where}: secret ${missing[0]} is required`);
  return given;
}

const LEVELS: readonly Level[] = ['none', 'read', 'write'];

/** GitHub starts no run in which a called workflow asks for more than its caller has. */
export function lowered(where: string, granted: Permissions, wanted: Permissions | undefined): Permissions {
  for (const [scope, level] of Object.entries(wanted ?? {}) as [keyof Permissions, Level][]) {
    const most = granted[scope] ?? 'none';
    if (LEVELS.indexOf(level) > LEVELS.indexOf(most))
      throw new Error(`${where} is requesting '${scope}: ${level}', but is only allowed '${scope}: ${most}'`);
  }
  return wanted ?? granted;
}
