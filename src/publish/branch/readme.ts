// What the data branch says about itself: its README and its attributes.
import type { TreeEntry } from '../../github/answers.ts';
import type { Context } from '../../github/context.ts';
import { grouped, linkTo, row, size, utc } from '../../report/format.ts';
import { type BranchNotes, type BranchPlace, type Total, type Totals, totalsIn } from '../../state/branch.ts';
import { isStreamName, type State } from '../../sync/state.ts';
import { markOf } from './freshness.ts';

export const README = 'README.md';

/** Nothing may change the bytes of the data, and nobody wants to see them in a diff. */
export const ATTRIBUTES = {
  path: '.gitattributes',
  content:
    '*.ndjson -text -diff linguist-generated\n*.age -text -diff linguist-generated\n*.gz -text -diff linguist-generated\nstate.json -diff linguist-generated\nstate/** -diff linguist-generated\n',
};

export function readme(
  { branch, dataPath, repository }: BranchPlace,
  totals: Totals,
  { run, savedAt }: State,
  { runUrl, serverUrl, workflowFile, repository: here }: Context,
): string {
  const page = `${serverUrl}/${repository}`;
  const runs = workflowFile === '' ? runUrl : `${serverUrl}/${here}/actions/workflows/${workflowFile}`;
  const folder = dataPath.split('/').map(encodeURIComponent).join('/');
  const rows = Object.entries(totals).map(each => rowOf(each, folder));
  const example = Object.keys(totals).find(isStreamName) ?? 'conversations';
  return `# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream, and
a compaction those of all. \`state.json\`, and the folder \`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record (UTC) | Complete up to (UTC) |
| :--- | ---: | ---: | ---: | ---: | :--- | :--- |
${rows.join('\n')}

<!-- totals: ${JSON.stringify(totals).replaceAll('>', '\\u003e')} -->

Last commit: by run ${linkTo(`${run.id}, attempt ${run.attempt}`, runUrl)}, ${utc(Date.parse(savedAt))}. ${linkTo('A run', runs)} that finds nothing new makes no commit:
it notes in a ref that it has checked the branch, and up to when the branch is complete.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${inShell(branch)} \\
  ${page} kustomer-data
cd kustomer-data
\`\`\`

The latest note of a run without news, if there is one:

\`\`\`sh
git fetch --quiet origin ${inShell(markOf(branch))} && git log -1 --format=%s FETCH_HEAD
\`\`\`

With DuckDB, \`views.sql\` has typed views: \`<stream>\` is the latest version of each record that exists, \`<stream>_history\`
every line.

\`\`\`sh
duckdb -init views.sql
\`\`\`

\`\`\`sql
SELECT * FROM ${example} ORDER BY updated_at DESC;
\`\`\`

The same in Python, here for pandas (\`pip install duckdb pandas\`):

\`\`\`python
import pathlib
import duckdb

db = duckdb.connect()
db.execute(pathlib.Path("views.sql").read_text(encoding="utf-8"))
${example} = db.sql("FROM ${example}").df()
\`\`\`
`;
}

function rowOf([stream, total]: [string, Total], folder: string): string {
  const { records, distinct, files, bytes, max_updated_at, complete_up_to } = total;
  return row(
    linkTo(stream, `${folder}/${encodeURIComponent(stream)}`),
    distinct === undefined ? '–' : grouped(distinct),
    ...[grouped(records), grouped(files), size(bytes)],
    ...[inTable(max_updated_at), inTable(complete_up_to)],
  );
}

function inShell(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A time (RFC 3339). */
function inTable(time: string | null | undefined): string {
  return time === null || time === undefined ? '–' : utc(Date.parse(time)).replace(' UTC', '');
}

/**
 * The totals that the README shows now: backfills and shards publish to the branch, too. A README that somebody else has
 * written is not replaced.
 */
export async function readmeAt(
  { git }: BranchPlace,
  root: readonly TreeEntry[],
  document: BranchNotes | null,
): Promise<{ readonly totals: Totals; readonly isOurs: boolean }> {
  const entry = root.find(({ path }) => path === README);
  const known = document?.totals ?? {};
  if (entry === undefined || entry.sha === document?.readme) return { totals: known, isOurs: true };
  const [, json] = /^<!-- totals: (\{.*\}) -->$/m.exec(String(await git.blob(entry.sha))) ?? [];
  try {
    return { totals: totalsIn(JSON.parse(json ?? '')), isOurs: true };
  } catch {
    return { totals: known, isOurs: false };
  }
}
