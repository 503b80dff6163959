// What the processes have written that `meter.ts` was loaded into.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Used } from './meter.ts';

/** @param path what METER was set to: there is a file for each process */
export function readMeters(path: string): Used[] {
  const directory = join(path, '..');
  return readdirSync(directory)
    .filter(name => join(directory, name).startsWith(`${path}.`))
    .map(name => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Used);
}
