// Invented records that no API should send, as JSON. All contain MARK, which no log may show.

/** Part of all hostile texts: no log, summary or output may contain it. */
export const MARK = 'Qzmark7Hopplestrom';

const text = (value: unknown) => JSON.stringify(value);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** Keys that all become `some_key_that_is_to_meet_with_the_others`. */
function meetingKeys(count: number): string[] {
  const words = 'some key that is to meet with all the others of the lot here and now'.split(' ');
  return Array.from({ length: count }, (_, n) =>
    words
      .map((word, i) => (i === 0 ? word : n & (1 << (i - 1)) ? `_${word}` : word[0]?.toUpperCase() + word.slice(1)))
      .join(''),
  );
}

/** Keys of one length that agree in their first, their middle and their last characters. */
function alikeKeys(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `k${n.toString(36).padStart(6, '0')}mmmmmmmzz`);
}

const members = (keys: readonly string[]) => keys.map((key, n) => `${text(key)}:${n}`).join(',');

/** Members of `attributes`, or a whole record in their place. */
type Variant = (n: number) => {
  readonly attributes?: string;
  readonly rest?: string;
  readonly whole?: string;
  readonly id?: string;
};

const updatedAt =
  (json: string): Variant =>
  () => ({ attributes: `"updatedAt":${json}` });
const id =
  (json: string): Variant =>
  () => ({ id: json });

/** By the name that a case uses. */
export const RECORDS: Readonly<Record<string, Variant>> = {
  plain: () => ({}),
  'id with a line break': id(text(`${MARK}\n::error::${MARK}`)),
  'id with spaces': id(text(`  ${MARK}`)),
  'id with U+2028': id(text(`${MARK}\u2028`)),
  'id with NUL': id(text(`${MARK}\u0000`)),
  'id with a lone surrogate': id(`"${MARK}\\ud800"`),
  'id of a path': id(text(`../../../${MARK}`)),
  'id of 300 kB': id(text(MARK.repeat(17_000))),
  'id empty': id('""'),
  'id __proto__': id('"__proto__"'),
  'id constructor': id('"constructor"'),
  'id a number': id('17'),
  'id null': id('null'),
  'id an object': id('{"a":1}'),
  'updatedAt in year 275760': updatedAt('"+275760-09-13T00:00:00.000Z"'),
  'updatedAt in year -271821': updatedAt('"-271821-04-20T00:00:00.000Z"'),
  'updatedAt in year 9999': updatedAt('"9999-12-31T23:59:59.999Z"'),
  'updatedAt at the epoch': updatedAt('"1970-01-01T00:00:00.000Z"'),
  'updatedAt no date': updatedAt(text(`soon ${MARK}`)),
  'updatedAt month 13': updatedAt('"2025-13-45T99:99:99.999Z"'),
  'updatedAt with an offset': updatedAt('"2026-01-01T00:00:00+14:00"'),
  'updatedAt null': updatedAt('null'),
  'updatedAt a number': updatedAt('1767225600000'),
  'updatedAt 1e400': updatedAt('1e400'),
  'updatedAt an object': updatedAt('{"$date":1}'),
  'updatedAt empty': updatedAt('""'),
  'updatedAt with a line break': updatedAt(text(`2026-01-01T00:00:00.000Z\n${MARK}`)),
  'no updatedAt': () => ({ attributes: '"name":1' }),
  'no attributes': n => ({ whole: `{"type":"customer","id":"${MARK}${n}"}` }),
  'attributes null': n => ({ whole: `{"type":"customer","id":"${MARK}${n}","attributes":null,"relationships":null}` }),
  'attributes a list': n => ({ whole: `{"type":"customer","id":"${MARK}${n}","attributes":[1],"relationships":[2]}` }),
  'attributes twice': n => ({
    whole: `{"type":"customer","id":"${MARK}${n}","attributes":{"a":1},"attributes":{"updatedAt":"2026-01-01T00:00:00.000Z"}}`,
  }),
  'keys twice': () => ({
    attributes: `"a":1,"a":2,"name":"x","name":"${MARK}"`,
    rest: '"links":{},"links":{"self":"x"}',
  }),
  'id twice': n => ({ rest: `"id":"${MARK}${n}b"` }),
  'type a number': n => ({ whole: `{"type":5,"id":"${MARK}${n}","attributes":{}}` }),
  'type with a line break': () => ({ rest: `"type":"a\\n::error::${MARK}"` }),
  __proto__: () => ({
    attributes:
      '"__proto__":{"updatedAt":"2020-01-01T00:00:00.000Z","polluted":true},"constructor":{"prototype":{"polluted":1}}',
    rest: '"__proto__":{"id":"polluted"}',
  }),
  'relationship __proto__': () => ({
    rest: '"relationships":{"__proto__":{"data":{"id":"x"}},"constructor":{"data":null}}',
  }),
  'relationships odd': () => ({
    rest: '"relationships":{"a":null,"b":[],"c":5,"d":{"data":[[[]]]},"org":{"data":[]},"e":{"data":"x"}}',
  }),
  'relationships with names of attributes': () => ({
    attributes: '"id":5,"type":6,"links":7,"sla":1,"sla_data":2,"slaData":3',
    rest: '"relationships":{"sla":{"data":{"id":1}},"id":{"data":1},"type":{"data":2},"slaData":{"data":3}}',
  }),
  '60,000 keys alike': () => ({ attributes: members(alikeKeys(60_000)) }),
  '20,000 keys that meet': () => ({ attributes: members(meetingKeys(20_000)) }),
  '2,000 levels': () => ({ attributes: `"deep":${nested(2_000)}` }),
  '4,000 levels': () => ({ attributes: `"deep":${nested(4_000)}` }),
  '200,000 levels': () => ({ attributes: `"deep":${nested(200_000)}` }),
  '4,000 levels of objects': () => ({ attributes: `"deep":${'{"aB":'.repeat(4_000)}1${'}'.repeat(4_000)}` }),
  'odd numbers': () => ({ attributes: `"n":[1e400,-0,-1E+5,0.1e-400,${'9'.repeat(400)},1${'0'.repeat(5_000)}.5]` }),
  'odd strings': () => ({
    attributes: `"s":"\\ud800 \u2028 \\u0000 %0A::error::${MARK} \\n::set-output name=x::${MARK}"`,
  }),
  'odd keys': () => ({
    attributes: `"":1," ":2,"\\ud800":3,"\\n":4,"\\u0061bC":5,"ab_c":6,"0":7,"-1":8,"É":9,"ﬁX":10`,
  }),
  'a string of 4 MB': () => ({ attributes: `"s":"${'x'.repeat(4_000_000)}"` }),
  '100,000 empty objects': () => ({ attributes: `"list":[${'{},'.repeat(99_999)}{}]` }),
  null: () => ({ whole: 'null' }),
  'a number': () => ({ whole: '5' }),
  'a text': () => ({ whole: text(MARK) }),
  'a list': () => ({ whole: '[]' }),
  'an empty object': () => ({ whole: '{}' }),
};

/** @param n a different number for each record of a case */
export function inventedRecord(name: string, type: string, orgId: string, n: number): string {
  const { attributes, rest, whole, id: given } = RECORDS[name]?.(n) ?? {};
  if (whole !== undefined) return whole;
  const at = '"createdAt":"2026-01-01T00:00:00.000Z"';
  const dated =
    attributes?.includes('"updatedAt"') || name === 'no updatedAt'
      ? at
      : `${at},"updatedAt":"2026-01-01T00:00:00.000Z"`;
  return [
    `{"type":${text(type)},"id":${given ?? text(`${MARK}${n}`)}`,
    `"attributes":{${dated},"note":"${MARK}"${attributes === undefined ? '' : `,${attributes}`}}`,
    ...(rest?.startsWith('"relationships"')
      ? []
      : [`"relationships":{"org":{"data":{"type":"org","id":${text(orgId)}}}}`]),
    `"links":{"self":"/v1/x/${MARK}"}${rest === undefined ? '' : `,${rest}`}}`,
  ].join(',');
}
