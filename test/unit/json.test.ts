// Responses: accepted exactly when JSON.parse accepts them, and a record leaves as it came.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseResponse } from '../../src/kustomer/json.ts';
import { Lines } from '../../src/records/record.ts';
import type { Resource } from '../../src/sync/source.ts';
import { cases } from '../forms.ts';

const read = (text: string) => parseResponse(Buffer.from(text));
const records = (response: unknown) => (response as { data: Resource[] }).data;
/** The line of a record that came in a response. */
const raw = (text: string) => {
  const lines = new Lines(8);
  lines.add(records(read(`{"data":[${text}]}`))[0] as Resource, { recordFormat: 'raw' });
  return String(lines.bytes());
};

function isAccepted(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return false;
  }
}

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r', '  ');
const spaced = (json: fc.Arbitrary<string>) => fc.tuple(space, json, space).map(parts => parts.join(''));

describe('the parser', () => {
  test('accepts what JSON.parse accepts, after any change to a JSON text', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.nat({ max: 2 }),
      fc.constantFrom(...'"\\{}[]:,0123456789.-+eEtrufalsn/ \n\t\u0001\u007fé'),
    );
    fc.assert(
      fc.property(spaced(fc.json({ maxDepth: 3 })), fc.array(change, { maxLength: 3 }), (json, changes) => {
        let text = json;
        for (const [at, cut, put] of changes) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + put + text.slice(from + cut);
        }
        expect([text, isAccepted(() => read(text))]).toEqual([text, isAccepted(() => JSON.parse(text))]);
        const inside = `{"data":[${text}]}`;
        expect([text, isAccepted(() => read(inside))]).toEqual([text, isAccepted(() => JSON.parse(inside))]);
      }),
      { numRuns: cases(20_000) },
    );
  });

  test.each([
    '',
    ' ',
    '{',
    '{"a":1',
    '[1,]',
    '{"a":1,}',
    '01',
    '1.',
    '.5',
    '-',
    '1e',
    '+1',
    'tru',
    'nullx',
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '{a:1}',
    "{'a':1}",
    '1 2',
  ])('does not accept %j', text => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(() => read(text)).toThrow(SyntaxError);
  });

  test('quotes nothing in its errors', () => {
    expect(() => read('{"data":[{"name":"Ada Lovelace" "x"}]}')).toThrow(/^these bytes are not JSON$/);
  });
});

test('the envelope of a response is parsed like JSON.parse does it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), envelope => {
      const { data: _, ...rest } = envelope;
      const json = JSON.stringify(rest);
      expect(JSON.stringify(read(json))).toBe(json);
    }),
  );
});

test('of a record, a few members become values: by escaped keys too, and the last one of a repeated key', () => {
  const [record] = records(
    read(
      '{"data":[{"\\u0069d":"a","id":"b","type":"note","attributes":{"updatedAt":"2026","createdAt":null,"x":{"updatedAt":1}},"relationships":{"org":{"data":{"type":"org","id":"o"}}}}]}',
    ),
  );
  expect(record).toMatchObject({
    id: 'b',
    type: 'note',
    attributes: { updatedAt: '2026', createdAt: null },
    relationships: { org: { data: { id: 'o' } } },
  });
  expect(records(read('{"data":[1,null,"x",[]]}'))).toEqual([null, null, null, null]);
});

describe('the line of a record', () => {
  test('leaves byte for byte, except for line breaks between its tokens', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
        spaced(fc.constant('{"n":1.50e+3,"big":9007199254740993}')),
        (plain, odd) => {
          const text = JSON.stringify(plain, null, 1);
          expect(raw(text)).toBe(`${text.replaceAll('\n', '')}\n`);
          expect(raw(odd).trim()).toBe(odd.trim());
        },
      ),
    );
  });
});

describe('a record', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const ID = '5f0000000000000000000002';
  const given = (attribute: string) => `{"data":[{"id":"${ID}","type":"t","attributes":{"x":${attribute}}}]}`;

  test('may nest 512 levels, itself included, and fails with its id beyond that', () => {
    expect(() => read(given(nested(510)))).not.toThrow();
    expect(() => read(given(nested(511)))).toThrow(
      `A record of a stream with the id ${ID} nests deeper than 512 levels`,
    );
    // What failed leaves nothing behind.
    expect(() => read(given(nested(510)))).not.toThrow();
    expect(() => read(`{"meta":${nested(1_000_000)}}`)).toThrow(/nests deeper/);
  });

  test.each(['::error::\\nJane', 'Jane', 'jane-doe-1', `${ID}0`])(
    'is named only by what is an id for sure, not by %s',
    id => {
      const text = `{"data":[{"id":"${id}","type":"t","x":${nested(600)}}]}`;
      expect(() => read(text)).toThrow(/^A record of a stream nests deeper/);
    },
  );

  test('has no value where an object or an array stands for a text', () => {
    const [record] = records(read('{"data":[{"id":["a"],"type":{},"attributes":{"updatedAt":[[1]]}}]}'));
    expect(record).toMatchObject({ id: undefined, type: undefined, attributes: { updatedAt: undefined } });
  });
});
