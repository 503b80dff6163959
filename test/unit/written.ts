// Lines as a run writes them: all versions of the records of a random world, deletion lines, both formats.
import type { FieldFilter } from '../../src/records/fields.ts';
import type { LineObserver } from '../../src/records/name-plan.ts';
import { Lines } from '../../src/records/record.ts';
import type { RecordFormat } from '../../src/sync/state.ts';
import { ALL_STREAMS, KustomerWorld, LISTED, type Stream } from '../world/kustomer/index.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 15);

export interface Written {
  readonly stream: Stream;
  /** JSON:API type and JSON of each published version, in order of time. */
  readonly published: readonly { readonly id: string; readonly type: string; readonly json: Buffer }[];
  /** JSON of the latest version of what exists and is not deleted, by id. */
  readonly truth: ReadonlyMap<string, string>;
}

/** @param exoticEvery one record in so many is odd */
export function writtenBy(seed: number, { count = 12, exoticEvery = 3 } = {}): readonly Written[] {
  const world = new KustomerWorld({ seed, exoticEvery, clock: () => NOW });
  const kobjects = { order: count, 'shopify-Return': count };
  const plain = Object.fromEntries(ALL_STREAMS.filter(stream => stream !== 'kobjects').map(stream => [stream, count]));
  world.populate({ ...plain, kobjects }, { from: NOW - 90 * DAY, to: NOW - 30 * DAY });
  return ALL_STREAMS.map(stream => {
    const at = (days: number) => (i: number) => NOW - days * DAY + i;
    world.update(stream, Math.ceil(count / 2), { at: at(20) });
    world.softDelete(stream, Math.ceil(count / 6), { at: at(10) });
    const ids = [...world.truth(stream).keys()];
    const published = ids
      .flatMap(id =>
        world.versions(id).map(version => ({ id, at: version.ms, json: world.render(stream, id, version.rev) })),
      )
      .sort((a, b) => a.at - b.at)
      .map(({ id, json }) => ({ id, type: String(JSON.parse(json).type), json: Buffer.from(json) }));
    const gone = LISTED.includes(stream) ? world.hardDelete(stream, Math.ceil(count / 6)) : [];
    for (const id of gone) {
      const time = new Date(NOW).toISOString();
      const attributes = { deleted: true, updatedAt: time, deletedAt: time };
      const type = stream.slice(0, -1);
      published.push({ id, type, json: Buffer.from(JSON.stringify({ id, type, attributes })) });
    }
    const existing = [...world.truth(stream)].filter(([, { deleted }]) => !deleted);
    return { stream, published, truth: new Map(existing.map(([id]) => [id, world.render(stream, id)])) };
  });
}

/** Each line as the writer of the records writes it, with its line end. */
export function linesOf(
  { published }: Written,
  format: RecordFormat,
  observer?: LineObserver,
  filter?: FieldFilter,
): Buffer[] {
  const lines = new Lines(65_536, observer);
  return published.map(record => {
    lines.clear();
    lines.add(record, { recordFormat: format, filter });
    return Buffer.from(lines.bytes());
  });
}
