// Records as messages of Singer: what targets are told of columns, and what their tables cannot have.
import { expect, test } from 'vitest';
import { Observer } from '../../src/schema/observer.ts';
import { documentedSchema, widen } from '../../src/schema/schema.ts';
import { recordMessages, schemaMessage } from '../../src/schema/singer.ts';

function schemaOf(stream: string, ...lines: string[]) {
  const known = documentedSchema(stream, 'flat');
  const observer = new Observer(known);
  for (const line of lines) observer.line(Buffer.from(line));
  return widen(known, observer.seen());
}

/** What a target gets as a record. */
function recordOf(line: string, stream = 'conversations'): string {
  const message = String(Buffer.concat(recordMessages(schemaOf(stream, line))(Buffer.from(line))));
  expect(message).toMatch(/^\{"type":"RECORD","stream":"\w+","record":\{.*\}\}\n$/);
  return message.slice(message.indexOf('"record":') + 9, -2);
}

test.each([
  ['"deleted":true,"deleted_at":"2026-01-02T00:00:00Z","updated_at":"2026-01-03T00:00:00Z"', '"2026-01-02T00:00:00Z"'],
  ['"deleted":true,"updated_at":"2026-01-03T00:00:00Z"', '"2026-01-03T00:00:00Z"'],
  ['"deleted":true', '"1970-01-01T00:00:00Z"'],
  ['"deleted":false,"deleted_at":"yesterday"', '"1970-01-01T00:00:00Z"'],
  ['"deleted":false,"deleted_at":null,"updated_at":"2026-01-03T00:00:00Z"', 'null'],
  ['"custom":{"deleted":true}', 'null'],
])('of %s the time of deletion is %s', (members, time) => {
  const line = `{"id":"1",${members}}`;
  expect(recordOf(line)).toBe(`${line.slice(0, -1)},"_sdc_deleted_at":${time}}`);
});

test('values of several kinds become their JSON text, and numbers keep their digits', () => {
  const schema = schemaOf('conversations', '{"id":"1","odd":1}', '{"id":"1","odd":"a"}');
  const messages = recordMessages(schema);
  const line = '{"id":"1","odd":{"a":12345678901234567890.10},"external_queue":"q","rev":9007199254740993,"x":null}';
  expect(String(Buffer.concat(messages(Buffer.from(line))))).toContain(
    '{"id":"1","odd":"{\\"a\\":12345678901234567890.10}","external_queue":"\\"q\\"","rev":9007199254740993,"x":null,',
  );
  expect(String(Buffer.concat(messages(Buffer.from('{"odd":null}'))))).toContain('{"odd":null,');
});

test('NUL, which no database takes, becomes U+FFFD, and what only looks like it stays', () => {
  expect(recordOf('{"id":"a\\u0000b\\\\u0000","custom":{"\\u0000":1}}')).toContain(
    '{"id":"a\\ufffdb\\\\u0000","custom":{"\\ufffd":1}',
  );
});

test('a column has a type that its table can keep, or is left out where no table can have it', () => {
  const values = '"whole":1,"time":"2026-01-01T00:00:00Z","yes":true,"list":[],"nothing":null';
  const { properties } = JSON.parse(
    String(schemaMessage(schemaOf('conversations', `{"id":"1",${values},"Odd name":1,"é":1,"rev":1}`))),
  ).schema;
  expect(properties).toMatchObject({
    whole: { type: ['number', 'null'] },
    time: { type: ['string', 'null'] },
    yes: { type: ['boolean', 'null'] },
    list: { type: ['object', 'array', 'null'] },
    external_queue: { type: ['string', 'null'] },
    rev: { type: ['integer', 'null'] },
    updated_at: { type: ['string', 'null'], format: 'date-time' },
    _sdc_deleted_at: { type: ['string', 'null'], format: 'date-time' },
  });
  expect(properties.time).not.toHaveProperty('format');
  for (const name of ['nothing', 'Odd name', 'é']) expect(properties).not.toHaveProperty(name);
});
