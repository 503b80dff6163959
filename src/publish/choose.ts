// The destinations there are, and the one place that asks which of them is set.
import { openArtifact } from './artifact.ts';
import { openBranch } from './branch/branch.ts';
import { openCached } from './cached.ts';
import type { Delivery, Destination, DestinationOptions } from './destination.ts';

/** By name in the input `destination`. Another place that files are copied to is another row. */
const DELIVERIES: Readonly<Record<string, (options: DestinationOptions) => Delivery>> = {
  artifact: openArtifact,
};

/** What the input `destination` may list. `none` leaves the files to the next steps of the job. */
const NAMES: readonly string[] = [...Object.keys(DELIVERIES), 'branch'];

/** Examples of what the input `destination` may be. */
export const DESTINATIONS: readonly string[] = [...NAMES, NAMES.join(','), 'none'];

/** The input `destination` in its shortest form; undefined when its text is no destination. */
export function parseDestination(text: string): string | undefined {
  const names = text.split(',').map(name => name.trim());
  const isList = names.every(name => NAMES.includes(name)) && new Set(names).size === names.length;
  return isList || text === 'none' ? names.join(',') : undefined;
}

/** Whether `mode: compact` can rewrite what is there: a data branch, of which there is no copy elsewhere. */
export function canCompact(destination: string): boolean {
  return destination === NAMES.at(-1);
}

/** The one place that asks which destination is set. */
export function chooseDestination(options: DestinationOptions): Destination {
  const names = options.destination.split(',');
  const deliveries = names.flatMap(name => DELIVERIES[name]?.(options) ?? []);
  return names.includes('branch') ? openBranch(options, deliveries) : openCached(options, deliveries);
}
