// What follows from the table of documented columns: docs/data-dictionary.md, and the views for warehouses in docs/sql.

import { AUDITED, isSearch, streamNamed } from '../src/kustomer/streams.ts';
import { Lines } from '../src/records/record.ts';
import { type Column, DOCUMENTED, hasDeletionLines } from '../src/schema/columns.ts';
import { ANY, KIND } from '../src/schema/kinds.ts';
import { documentedSchema } from '../src/schema/schema.ts';
import { DIALECTS, idsTable, type Warehouse, warehouseViews } from '../src/schema/warehouses.ts';
import { ALL_STREAMS, KustomerWorld, type Stream } from '../test/world/kustomer/index.ts';

/** Every file, by its path in the repository. */
export function dictionaryFiles(): ReadonlyMap<string, string> {
  const sql = (Object.keys(DIALECTS) as Warehouse[]).map(
    warehouse => [`docs/sql/${warehouse}.sql`, views(warehouse)] as const,
  );
  return new Map([['docs/data-dictionary.md', dictionary()], ...sql]);
}

function dictionary(): string {
  const world = new KustomerWorld({
    seed: 4,
    exoticEvery: Number.POSITIVE_INFINITY,
    clock: () => Date.UTC(2026, 5, 15),
  });
  const plain = Object.fromEntries(ALL_STREAMS.filter(stream => stream !== 'kobjects').map(stream => [stream, 20]));
  world.populate({ ...plain, kobjects: { order: 20 } }, { from: Date.UTC(2026, 4, 1), to: Date.UTC(2026, 5, 1) });
  return `# Data dictionary

The columns of each stream, as \`record-format: flat\` writes them. \`npm run generate\` writes this page from the table
behind \`schema.json\` and \`views.sql\`. It has what public documents say ([sources](${fromDocs('docs/kustomer-api.md#confidence')})); records
may have more, above all custom attributes. No column but \`id\` and \`type\` is in every record. In \`raw\`, the columns are
among the \`attributes\` in camelCase, and the relationships among the \`relationships\`.

A relationship is an object \`{"type", "id"}\`, or a list of them; the views have the id in a column of its own, such as
\`customer_id\`. The end of the name of a custom attribute says its type: \`_str\`, \`_txt\`, \`_url\`, \`_id\` and \`_tree\` are
text, \`_num\` is a number, \`_at\` a time, \`_bool\` a boolean. Times are ISO 8601 in UTC.

${ALL_STREAMS.map(stream => section(stream, world)).join('\n')}`;
}

/** A link from one page of docs/ to another. */
function fromDocs(path: string): string {
  return path.replace('docs/', '');
}

function section(stream: Stream, world: KustomerWorld): string {
  const documented = DOCUMENTED.get(stream);
  if (documented === undefined) throw new Error(`${stream} is not documented`);
  const columns = [...documented.columns.values()];
  const marks = 'A deleted record has `deleted` true or a `deleted_at`.';
  const line = `a [deletion line](${fromDocs('docs/reading-the-data.md#deletions')})`;
  const erased = AUDITED.has(stream) ? `gets ${line} with \`deletions: lists,audit-log\` only` : 'leaves no line';
  const deletion = hasDeletionLines(stream)
    ? `${marks} One that is gone from the list gets ${line}.`
    : `${marks} One that Kustomer erases without a mark ${erased}.`;
  const sources = columns.find(({ name }) => name === 'id')?.sources ?? '';
  return `## ${stream}

${documented.text} Key: \`id\`. ${readBy(stream)} ${deletion}
Sources: ${sources}.

| Column | Type | Joins | Meaning |
| --- | --- | --- | --- |
${columns.map(column => row(column, sources)).join('\n')}

\`\`\`json
${simulatedLine(stream, world)}
\`\`\`
`;
}

function readBy(stream: Stream): string {
  const row = streamNamed(stream);
  if (isSearch(row)) return `Cursor: \`${row.cursor}_at\`.`;
  return 'The whole list is read in each run, and what has changed is written.';
}

function row({ name, joins, text, kinds, isRelationship, sources }: Column, usual: string): string {
  const type = isRelationship ? (kinds === KIND.array ? 'relationships' : 'relationship') : typeName(kinds);
  return `| \`${name}\` | ${type} | ${joins === undefined ? '' : `\`${joins}\``} | ${text}${sources === usual ? '' : ` Source: ${sources}.`} |`;
}

function typeName(kinds: number): string {
  if (kinds === ANY) return 'any';
  const names: readonly (readonly [number, string])[] = [
    [KIND.boolean, 'boolean'],
    [KIND.integer, 'integer'],
    [KIND.number | KIND.integer, 'number'],
    [KIND['date-time'], 'time'],
    [KIND.string, 'text'],
    [KIND.object, 'object'],
    [KIND.array, 'list'],
  ];
  return names.find(([each]) => each === kinds)?.[1] ?? 'any';
}

/** The shortest record of some, which is still long enough. */
function simulatedLine(stream: Stream, world: KustomerWorld): string {
  const lines = new Lines(10_000);
  const texts = [...world.truth(stream).keys()].map(id => {
    lines.clear();
    lines.add({ id, type: stream, json: Buffer.from(world.render(stream, id)) }, { recordFormat: 'flat' });
    return String(lines.bytes()).trimEnd();
  });
  return texts.sort((a, b) => a.length - b.length)[0] ?? '';
}

function views(warehouse: Warehouse): string {
  const statements = ALL_STREAMS.map(stream => warehouseViews(warehouse, documentedSchema(stream, 'flat')));
  return `-- Views for ${DIALECTS[warehouse].title}, written by npm run generate. Load each line of a stream's files, unchanged,
-- into the column record of its table <stream>_lines; a line that is loaded twice does no harm. <stream> then has the
-- latest version of each record that exists, <stream>_history every version. Other columns: see custom.
--
-- kustomer.ids is for reconciliations, and may stay empty: a row for each id of each complete stream, and then one
-- without an id. as_of is that of the manifest, since the "from" of the stream, or null where that is empty.

${idsTable(warehouse)}
${statements.join('\n')}`;
}
