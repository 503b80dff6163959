// What a run learns of the columns of its streams. The code for it is loaded with the first record: a run without news does
// without.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Source } from '../kustomer/source.ts';
import type { LineObserver } from '../records/name-plan.ts';
import type { Log } from '../report/log.ts';
import type { StreamDetails } from '../report/report.ts';
import type { LearnedSchema } from '../schema/learn.ts';
import type { StreamJob } from '../sync/job.ts';
import type { State } from '../sync/state.ts';

/** How long a run waits at its end for what it can do without. */
const MAX_WAIT_MS = 10_000;

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
    /**
     * Asks Kustomer for the types of custom attributes, which the ends of their names do not fully tell: a request for each
     * kind of object, when an attribute is new or the last answer is old. Never rejects, and takes some seconds at most.
     */
    async askForTypes({ definitionsOf }: Pick<Source, 'definitionsOf'>, log: Log): Promise<void> {
      const now = Date.now();
      const untold = new Set<string>();
      const asked = [...learned].flatMap(([stream, schema]) =>
        schema.toAsk(now).map(async kind => {
          const defined = await definitionsOf(kind, stream);
          schema.tell(kind, defined, now);
          if (defined === null) untold.add(stream);
        }),
      );
      if (asked.length === 0) return;
      const wait = new AbortController();
      await Promise.race([
        Promise.allSettled(asked).finally(() => wait.abort()),
        sleep(MAX_WAIT_MS, undefined, { signal: wait.signal }).catch(() => {}),
      ]);
      if (untold.size === 0) return;
      log.info(
        `Kustomer does not tell the types of custom attributes of ${[...untold].sort().join(', ')}: the schema goes by their names. A key with the role org.permission.metadata.read may be told.`,
      );
    },
    newsOf(stream: string): StreamDetails['news'] {
      const schema = latest.get(stream);
      return schema && learned.get(stream)?.news(schema);
    },
  };
}
