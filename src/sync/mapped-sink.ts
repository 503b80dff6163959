import type { DatedRecord, Sink } from './source.ts';

/** A sink that passes on what `change` makes of the records it gets, if that is any. All else is as in the sink behind it. */
export function mappedSink(sink: Sink, change: (records: readonly DatedRecord[]) => readonly DatedRecord[]): Sink {
  const through = (to: Pick<Sink, 'write'>) => async (records: readonly DatedRecord[]) => {
    const changed = change(records);
    if (changed.length > 0) await to.write(changed);
  };
  return {
    ...sink,
    write: through(sink),
    openStagingFile() {
      const file = sink.openStagingFile();
      return { ...file, write: through(file) };
    },
  };
}
