// The flat record beside a model of it: the same rules in values, as slow and plain as can be.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lines, snake } from '../../src/records/record.ts';

const flat = (json: string) => {
  const lines = new Lines(8);
  lines.add({ id: '1', type: 'x', json: Buffer.from(json) }, { recordFormat: 'flat' });
  return String(lines.bytes());
};

type Plain = Record<string, unknown>;
const OWN = ['id', 'type', 'links'];
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function flatValue(resource: Plain): [string, unknown][] {
  const record = new Map<string, unknown>();
  const free = (name: string) => {
    let column = name;
    for (let n = 2; record.has(column) || OWN.includes(column); n++) column = `${name}_${n}`;
    return column;
  };
  const attributes = new Set<string>();
  for (const [name, value] of Object.entries(resource)) {
    if (OWN.includes(name)) record.set(name, snakeValue(value));
    else if (name === 'attributes' && isPlain(value)) {
      for (const [key, inner] of Object.entries(value)) {
        const column = free(snake(key));
        attributes.add(column);
        record.set(column, snakeValue(inner));
      }
    } else if (name !== 'relationships' || !isPlain(value)) record.set(free(snake(name)), snakeValue(value));
  }
  if (isPlain(resource.relationships)) {
    for (const [key, relationship] of Object.entries(resource.relationships)) {
      if (!isPlain(relationship) || !Object.hasOwn(relationship, 'data')) continue;
      const name = snake(key);
      record.set(free(attributes.has(name) ? `${name}_data` : name), snakeValue(relationship.data));
    }
  }
  return [...record];
}

function snakeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeValue);
  if (!isPlain(value)) return value;
  const out = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    let column = snake(key);
    for (let n = 2; out.has(column); n++) column = `${snake(key)}_${n}`;
    out.set(column, snakeValue(inner));
  }
  return { entries: [...out] };
}

/** Parsed JSON in the form of `snakeValue`, so that the order of keys counts. */
function entriesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(entriesOf);
  if (!isPlain(value)) return value;
  return { entries: Object.entries(value).map(([key, inner]) => [key, entriesOf(inner)]) };
}

describe('flat', () => {
  // Keys that collide often. No numbers, whose order JavaScript decides, and no escapes: the JSON.parse of Node 24.21,
  // which reads the line here, mixes such keys up now and then.
  const key = fc.oneof(
    fc.constantFrom(
      'aB',
      'a_b',
      'AB',
      'a_b_2',
      'id',
      'Id',
      'type',
      'links',
      'sla',
      'slaData',
      'sla_data',
      'org',
      'constructor',
      '',
    ),
    fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'B', '_', 'É', '-', 'ß') }),
  );
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.constantFrom(null, true, false, 'é"\\\n'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  const members = fc.dictionary(key, value, { maxKeys: 8 });
  const resource = fc.record(
    {
      relationships: fc.oneof(
        value,
        fc.dictionary(
          key,
          fc.oneof(
            value,
            value.map(data => ({ links: 1, data })),
          ),
          { maxKeys: 6 },
        ),
      ),
      id: fc.constant('1'),
      attributes: fc.oneof(members, value),
      type: fc.constant('x'),
      links: members,
      newMember: value,
    },
    { requiredKeys: [] },
  );

  test('is what the model says, for any resource', () => {
    fc.assert(
      fc.property(resource, fc.constantFrom(undefined, 1), (given, indent) => {
        const line = flat(JSON.stringify(given, null, indent));
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(entriesOf(JSON.parse(line))).toEqual({ entries: flatValue(given) });
      }),
      { numRuns: 5_000 },
    );
  });

  test('has keys in any alphabet', () => {
    expect(flat('{"attributes":{"КлючStr":1,"in":{"值Key":"值","😀Face":{"\\"":1,"\\\\":2}}}}')).toBe(
      '{"ключ_str":1,"in":{"值_key":"值","😀_face":{"\\"":1,"\\\\":2}}}\n',
    );
  });

  test('keeps every number as it is written, and a lone surrogate escaped', () => {
    expect(
      flat('{"id":"1","attributes":{"aNum":-1E-400,"in":[{"bNum":[9007199254740993,1.50]}],"\\ud800Key":"\\ud83d"}}'),
    ).toBe('{"id":"1","a_num":-1E-400,"in":[{"b_num":[9007199254740993,1.50]}],"\\ud800_key":"\\ud83d"}\n');
  });

  test('stays right when there are more keys than the limit of known keys', () => {
    for (let n = 0; n < 50; n++) {
      const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`key${n}No${i}`, i]));
      const line = flat(JSON.stringify({ id: '1', attributes: { ...many, aB: 1, a_b: 2, in: { aB: 1, a_b: 2 } } }));
      expect(JSON.parse(line)).toMatchObject({ a_b: 1, a_b_2: 2, in: { a_b: 1, a_b_2: 2 }, [`key${n}_no7`]: 7 });
    }
  });
});
