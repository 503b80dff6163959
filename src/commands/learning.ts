// What a run learns of the columns of its streams. The code for it is loaded with the first record: a run without news does
// without.
import type { Config } from '../config/config.ts';
import type { LineObserver } from '../records/name-plan.ts';
import type { StreamDetails } from '../report/report.ts';
import type { LearnedSchema } from '../schema/learn.ts';
import type { StreamJob } from '../sync/job.ts';
import type { State } from '../sync/state.ts';

export type Learning = ReturnType<typeof openLearning>;

/** @param before what earlier runs have learned */
export function openLearning({ recordFormat, archive }: Config, before: State['schemas']) {
  const learned = new Map<string, LearnedSchema>();
  let latest = before;

  async function learn(stream: string): Promise<LearnedSchema> {
    const { learnSchema } = await import('../schema/learn.ts');
    const schema = learned.get(stream) ?? learnSchema(stream, recordFormat, before.get(stream));
    learned.set(stream, schema);
    return schema;
  }

  return {
    observerOf: async (stream: string): Promise<LineObserver> => (await learn(stream)).observer,
    /** Of all streams of the run: an artifact also has the records of a refresh that is not complete. */
    async schemas(jobs: readonly StreamJob[], completed: ReadonlySet<string>): Promise<State['schemas']> {
      const schemas = new Map(before);
      for (const { name, mode, wanted } of jobs) {
        const isRefresh = mode === 'full_refresh' && wanted.from === Number.NEGATIVE_INFINITY && archive !== 'never';
        const isWhole = isRefresh && completed.has(name);
        const isKnown = before.get(name)?.format === recordFormat;
        if (learned.has(name) || isWhole || !isKnown) schemas.set(name, (await learn(name)).schema(isWhole));
      }
      latest = schemas;
      return schemas;
    },
    newsOf(stream: string): StreamDetails['news'] {
      const schema = latest.get(stream);
      return schema && learned.get(stream)?.news(schema);
    },
  };
}
