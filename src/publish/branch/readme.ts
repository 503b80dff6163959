// What the data branch says about itself: its README and its attributes.
import type { TreeEntry } from '../../github/answers.ts';
import { grouped } from '../../report/format.ts';
import type { BranchPlace } from '../../state/branch.ts';
import type { BranchHead, Totals } from '../../state/store.ts';

export const README = 'README.md';

/** Nothing may change the bytes of the data, and nobody wants to see them in a diff. */
export const ATTRIBUTES = {
  path: '.gitattributes',
  content:
    '*.ndjson -text -diff linguist-generated\n*.gz -text -diff linguist-generated\nstate.json -diff linguist-generated\nstate/** -diff linguist-generated\n',
};

export interface About {
  readonly branch: string;
  readonly dataPath: string;
  readonly totals: Totals;
  readonly run: { readonly id: string; readonly attempt: string; readonly url: string };
  readonly savedAt: string;
}

export function readme({ branch, dataPath, totals, run, savedAt }: About): string {
  const rows = Object.entries(totals).map(
    ([stream, { records, files, bytes, max_updated_at }]) =>
      `| [${stream}](${encodeURI(dataPath)}/${stream}) | ${grouped(records)} | ${grouped(files)} | ${grouped(Math.ceil(bytes / 1024))} kB | ${max_updated_at ?? '–'} |`,
  );
  const [example = 'conversations'] = Object.keys(totals);
  const glob = `${dataPath}/${example}/*/*.ndjson*`;
  return `# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${rows.join('\n')}

<!-- totals: ${JSON.stringify(totals)} -->

Last run: [${run.id}, attempt ${run.attempt}](${run.url}), ${savedAt}.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${branch} <address of this repository> kustomer-data && cd kustomer-data
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

/** What a README that was written here says there is; undefined when it says nothing. */
function totalsIn(text: string): Totals | undefined {
  const [, json] = /^<!-- totals: (\{.*\}) -->$/m.exec(text) ?? [];
  try {
    return json === undefined ? undefined : (JSON.parse(json) as Totals);
  } catch {
    return undefined;
  }
}

/**
 * The totals that the README shows now: backfills and shards publish to the branch, too. A README that somebody else has
 * written is not replaced.
 */
export async function readmeAt(
  { git }: BranchPlace,
  root: readonly TreeEntry[],
  head: BranchHead | null,
): Promise<{ readonly totals: Totals; readonly isOurs: boolean }> {
  const entry = root.find(({ path }) => path === README);
  const known = head?.totals ?? {};
  if (entry === undefined || entry.sha === head?.readme) return { totals: known, isOurs: true };
  const totals = totalsIn((await git.blob(entry.sha)).toString('utf8'));
  return { totals: totals ?? known, isOurs: totals !== undefined };
}
