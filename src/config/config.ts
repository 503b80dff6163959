/**
 * The configuration of a run: the value of each input, under its name in camel case (inputs.ts, kinds.ts). Only what is
 * listed in `makeConfig` differs from that. Times are milliseconds since the epoch.
 */
import type { Selection } from '../sync/plan.ts';
import { INPUT_NAMES, type InputName, type InputValue } from './inputs.ts';

type Camel<Name extends string> = Name extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : Name;
type InputValues = { readonly [Name in InputName as Camel<Name>]: InputValue<Name> };

export type Config = Readonly<ReturnType<typeof makeConfig>>;

/** @param read gives the parsed value of an input */
export function makeConfig(read: (name: InputName) => unknown) {
  const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const values = Object.fromEntries(INPUT_NAMES.map(name => [camel(name), read(name)])) as unknown as InputValues;
  const { streams, syncMode, recordFormat, compression, settle, lookback, timeBudget, ...others } = values;
  const { searchRequestsPerMinute, repository, ...same } = others;
  return {
    ...same,
    streams: streams.map(({ mode = syncMode, ...entry }): Selection => ({ ...entry, mode })),
    format: recordFormat,
    gzip: compression === 'gzip',
    /** Where dist/ is started without action.yml, no default says which repository this is. */
    repository: repository || (process.env.GITHUB_REPOSITORY ?? ''),
    settleMs: settle,
    lookbackMs: lookback,
    timeBudgetMs: timeBudget,
    searchesPerMinute: searchRequestsPerMinute,
  };
}
