/**
 * The configuration of a run: the value of each input, under its name in camel case (inputs.ts, kinds.ts). Only what is
 * listed in `makeConfig` differs from that. Times are milliseconds since the epoch.
 */
import type { Selection } from '../sync/plan.ts';
import { GROUPS, INPUT_NAMES, type Input, type InputName, type InputValue } from './inputs.ts';

type Camel<Name extends string> = Name extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : Name;
/** `start-date` -> `startDate` */
function camel<Name extends string>(name: Name): Camel<Name> {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as Camel<Name>;
}

type InputValues = { readonly [Name in InputName as Camel<Name>]: InputValue<Name> };

export type Config = Readonly<ReturnType<typeof makeConfig>>;

/** @param read gives the parsed value of an input */
export function makeConfig(read: (name: InputName) => unknown) {
  const values = Object.fromEntries(INPUT_NAMES.map(name => [camel(name), read(name)])) as unknown as InputValues;
  const { streams, syncMode, settle, lookback, timeBudget, ...others } = values;
  const { searchRequestsPerMinute, repository, ...same } = others;
  return {
    ...same,
    streams: streams.map(({ mode = syncMode, ...entry }): Selection => ({ ...entry, mode })),
    /** Where dist/ is started without action.yml, no default says which repository this is. */
    repository: repository || (process.env.GITHUB_REPOSITORY ?? ''),
    settleMs: settle,
    lookbackMs: lookback,
    timeBudgetMs: timeBudget,
    searchesPerMinute: searchRequestsPerMinute,
  };
}

type Group = keyof typeof GROUPS;
type InGroup<Name extends Group> = Camel<keyof (typeof GROUPS)[Name] & string> & keyof Config;

/** The inputs of one group that are no secrets, by their names in `Config`. */
export function inputsOf<Name extends Group>(config: Config, group: Name) {
  const rows = Object.entries<Input>(GROUPS[group]).filter(([, { kind }]) => !kind.isSecret);
  const values = rows.map(([name]) => [camel(name), config[camel(name) as keyof Config]]);
  return Object.fromEntries(values) as Pick<Config, Exclude<InGroup<Name>, 'token' | 'githubToken' | 'hashKey'>>;
}
