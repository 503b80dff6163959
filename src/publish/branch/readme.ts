// What the data branch says about itself: its README and its attributes.
import type { TreeEntry } from '../../github/answers.ts';
import type { Context } from '../../github/context.ts';
import { grouped } from '../../report/format.ts';
import { type BranchNotes, type BranchPlace, type Totals, totalsIn } from '../../state/branch.ts';
import type { State } from '../../sync/state.ts';
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
  const rows = Object.entries(totals).map(
    ([stream, { records, distinct, files, bytes, max_updated_at, complete_up_to }]) =>
      `| [${stream}](${encodeURI(dataPath)}/${stream}) | ${distinct === undefined ? '–' : grouped(distinct)} | ${grouped(records)} | ${grouped(files)} | ${grouped(Math.ceil(bytes / 1024))} kB | ${max_updated_at ?? '–'} | ${complete_up_to ?? '–'} |`,
  );
  const [example = 'conversations'] = Object.keys(totals);
  const glob = `${dataPath}/${example}/*/*.ndjson*`;
  return `# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream, and
a compaction those of all. \`state.json\`, and the folder \`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record | Complete up to |
| --- | ---: | ---: | ---: | ---: | --- | --- |
${rows.join('\n')}

<!-- totals: ${JSON.stringify(totals)} -->

Last commit: by run [${run.id}, attempt ${run.attempt}](${runUrl}), ${savedAt}. [A run](${runs}) that finds nothing new makes no commit;
the last one says in a ref of its own that it has checked the branch, and up to when it is complete. (No such ref: none has.)

\`\`\`sh
git fetch --quiet ${page} ${markOf(branch)} && git log -1 --format=%s FETCH_HEAD
\`\`\`

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${branch} ${page} kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${glob}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${glob}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${glob} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`;
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
