// From one job of a file to the jobs of its matrix, and from their outcomes back to one.
import type { Conclusion } from '../runner/index.ts';
import type { JobRun } from './options.ts';

/** What became of a job of a file, all legs of its matrix together. */
export interface Outcome {
  readonly conclusion: Conclusion;
  readonly outputs: Record<string, string>;
  readonly jobs: readonly JobRun[];
  /** Ran in this attempt. */
  readonly fresh: boolean;
}

/** The rows of a matrix, each with the name that it has on the page of a run; one without values when there is none. */
export function legsOf(name: string, matrix: unknown): { name: string; matrix: Record<string, unknown> }[] {
  const axes = Object.entries(matrix as Record<string, unknown[]>);
  if (
    axes.some(
      ([axis, values]) => axis === 'include' || axis === 'exclude' || !Array.isArray(values) || values.length === 0,
    )
  )
    throw new Error(`${name}: a matrix of lists that are not empty is played here, and nothing else`);
  const rows = axes.reduce<Record<string, unknown>[]>(
    (sofar, [axis, values]) => sofar.flatMap(row => values.map(value => ({ ...row, [axis]: value }))),
    [{}],
  );
  if (rows.length > 256) throw new Error(`${name}: a matrix has at most 256 jobs`);
  return rows.map(row => ({
    name: axes.length === 0 ? name : `${name} (${Object.values(row).join(', ')})`,
    matrix: row,
  }));
}

/** Several outcomes as one; of outputs with the same name the last counts. */
export function together(outcomes: readonly Outcome[]): Outcome {
  const conclusions = outcomes.map(({ conclusion }) => conclusion);
  const worst = (['failure', 'cancelled', 'skipped'] as const).find(each => conclusions.includes(each));
  return {
    conclusion: worst ?? 'success',
    outputs: Object.assign({}, ...outcomes.map(({ outputs }) => outputs)),
    jobs: outcomes.flatMap(({ jobs }) => jobs),
    fresh: outcomes.some(({ fresh }) => fresh),
  };
}

export function mapped<A, B>(of: Record<string, A>, to: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, to(value)]));
}

/** Without what is undefined. */
export function present<T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof present<T>
  >;
}
