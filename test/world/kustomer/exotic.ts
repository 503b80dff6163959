// What is rare in real data and breaks copies of it. About one record in forty carries one of these.
import type { Random } from './random.ts';
import type { Json, Shape } from './shapes.ts';
import { rawJson, slot } from './template.ts';
import { longText } from './text.ts';

type Feature = (shape: Shape, random: Random) => void;

/** The free-form part that the stream has anyway, or a new one. */
function custom(shape: Shape): Json {
  const found = (shape.attributes.custom ?? {}) as Json;
  shape.attributes.custom = found;
  return found;
}

/** A klass keeps its name, by which all else calls it; it alone has `displayname`. */
function rename({ attributes }: Shape, name: string): void {
  if ('name' in attributes && !('displayname' in attributes)) attributes.name = name;
}

function nested(depth: number): unknown {
  let value: unknown = [{ leafValue: true }];
  for (let i = 0; i < depth; i++) value = { [`levelNo${i}`]: value };
  return value;
}

export const EXOTIC: Readonly<Record<string, Feature>> = {
  /** Numbers that no double holds: only their text is right. */
  numbers(shape) {
    Object.assign(custom(shape), {
      bigIntNum: rawJson('9007199254740993'),
      negativeBigNum: rawJson('-9007199254740995'),
      hugeNum: rawJson('100000000000000000000000001'),
      longDecimalNum: rawJson('12345678.123456789012345678901'),
      farExponentNum: rawJson('1e400'),
      insideArrayNum: [1, rawJson('18446744073709551615')],
    });
  },
  /** Keys that meet in one name after snake_case. */
  collisions(shape) {
    Object.assign(custom(shape), {
      parcelIdStr: 'camel',
      parcel_id_str: 'snake',
      ParcelIdStr: 'pascal',
      parcelIDStr: 'upper',
    });
    shape.attributes.firstSeenAt = 'one';
    shape.attributes.first_seen_at = 'two';
    if ('name' in shape.attributes) shape.attributes.NAME = 'in capitals';
  },
  /** An attribute and a relationship of one name. */
  slaTwice(shape) {
    shape.attributes.sla = { status: 'pending' };
    shape.relationships.sla = { data: { type: 'sla', id: slot('userId') }, links: { self: '/v1/slas/x' } };
  },
  /** Keys that mean something to JavaScript; JSON.parse makes own properties of them. */
  prototypeKeys(shape) {
    shape.attributes.custom = JSON.parse(
      `{"__proto__":{"pollutedBool":true},"constructor":"c","toString":"t","hasOwnProperty":null,"proto_str":"p"}`,
    );
  },
  /** Keys that are numbers, not in JavaScript's order. */
  numericKeys(shape) {
    custom(shape).treeTree = rawJson('{"10":"ten","2":"two","b":"b","0":"zero","a":{"1":null}}');
  },
  unicode(shape) {
    custom(shape).unicodeTxt =
      'emoji 👩‍👩‍👧‍👦🏳️‍🌈, separators \u2028 and \u2029, "quotes" \\back\\slash, tab\t, CR\r\nLF, NUL \u0000, BOM \uFEFF, عربى, é as e\u0301';
    custom(shape)['Ключ Str'] = '值';
  },
  /** Surrogates on their own, which JSON can only escape. */
  loneSurrogates(shape) {
    Object.assign(custom(shape), { highStr: 'cut \ud83d', lowStr: '\ude00 cut', swappedStr: '\ude00\ud83d' });
    rename(shape, `${slot('name')} 👩‍🚀 \ud83d`);
  },
  lineBreaks(shape, random) {
    rename(shape, `\ttwo\r\nlines: ${slot('name')}`);
    custom(shape).addressTxt = `\n\r\n${longText(random, 2000)}\r`;
  },
  deep(shape) {
    custom(shape).deepTree = nested(80);
  },
  empty(shape) {
    Object.assign(custom(shape), { '': 'empty key', emptyStr: '', emptyTree: {}, emptyListStr: [], nothingStr: null });
    shape.relationships.parent = { data: null, links: { self: null } };
    shape.relationships.watchers = { data: [] };
  },
  /**
   * Custom dates come as they were written: with an offset, without milliseconds (docs/kustomer-api.md#ids-and-dates).
   */
  dates(shape) {
    Object.assign(custom(shape), {
      wishAt: '2026-01-05T10:00:00-05:00',
      oldAt: '0001-01-01',
      badAt: 'tomorrow',
      updatedAt: '1999-01-01',
    });
  },
  manyKeys(shape) {
    for (let i = 0; i < 100; i++) custom(shape)[`generatedField${i}Num`] = i * 1.5;
  },
};

/** One record in some thousands has a field of 200 kB. */
export function huge(shape: Shape, random: Random): void {
  custom(shape).transcriptTxt = longText(random, 200_000);
}
