// The destinations there are, and the one place that asks which of them is set.
import { openArtifact } from './artifact.ts';
import { openBranch } from './branch/branch.ts';
import { openCached } from './cached.ts';
import type { Delivery, Destination, DestinationOptions } from './destination.ts';

/** By name in the input `destination`. Another destination is another row. */
const DELIVERIES: Readonly<Record<string, (options: DestinationOptions) => Delivery>> = {
  artifact: openArtifact,
};

/** The values that the input `destination` accepts, but for lists of them. `none` leaves the files to the next steps. */
export const DESTINATION_NAMES: readonly string[] = [...Object.keys(DELIVERIES), 'branch', 'none'];

/** The one place that asks which destination is set. */
export function chooseDestination(options: DestinationOptions): Destination {
  const names = options.destination.split(',');
  const deliveries = names.flatMap(name => DELIVERIES[name]?.(options) ?? []);
  return names.includes('branch') ? openBranch(options, deliveries) : openCached(options, deliveries);
}
