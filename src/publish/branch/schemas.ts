// The schemas and the views on the data branch. Backfills, shards and the sync publish to one branch, each with a state of
// its own: what a schema there allows, it goes on to allow.
import type { TreeEntry } from '../../github/answers.ts';
import type { TreeChange } from '../../github/git.ts';
import { blobSha, treeSha } from '../../github/objects.ts';
import { entriesAt } from '../../github/tree.ts';
import type { Branch, BranchPlace } from '../../state/branch.ts';
import type { State } from '../../sync/state.ts';
import { joinSchemas, type StreamSchema } from '../../sync/stream-schema.ts';

const FOLDER = 'schema';
const pathOf = (stream: string) => `${FOLDER}/${stream}.json`;
const isFolder = ({ path, type }: TreeEntry) => path === FOLDER && type === 'tree';

/**
 * The state with what the schemas on the branch allow, and what the next commit changes of the files.
 * @param replaces streams whose earlier files go with this commit: only these may get another record format
 */
export async function withSchemas(
  place: BranchPlace,
  { root, document }: Branch,
  state: State,
  replaces: readonly string[],
): Promise<{ readonly state: State; readonly changes: readonly TreeChange[] }> {
  const { filesBeside, VIEWS } = await import('../../schema/beside.ts');
  const last = document?.state?.schemas ?? new Map();
  const there = await schemasAt(place, root, last);
  const own = [...state.schemas].filter(([stream, { format }]) => {
    return replaces.includes(stream) || (there.schemas.get(stream)?.format ?? format) === format;
  });
  const schemas = joinSchemas(there.schemas, new Map(own));
  const views = root.find(({ path }) => path === VIEWS);
  const shas = new Map([...there.shas, [VIEWS, views?.sha ?? '']]);
  const files = [...filesBeside([...schemas.values()], place.dataPath, pathOf)];
  const changed = files.filter(([path, text]) => !there.isForeign(path) && textSha(text) !== shas.get(path));
  const lastViews = filesBeside([...last.values()], place.dataPath).get(VIEWS);
  const isOurs = async ({ sha, type }: TreeEntry) =>
    sha === textSha(lastViews ?? '') ||
    (type === 'blob' && /^-- Views of the records/.test(String(await place.git.blob(sha))));
  const writesViews = changed.some(([path]) => path === VIEWS) && (views === undefined || (await isOurs(views)));
  const changes = changed.filter(([path]) => path !== VIEWS || writesViews);
  return {
    state: { ...state, schemas },
    changes: changes.map(([path, content]) => ({ type: 'blob', path, content })),
  };
}

/**
 * What is in the folder of the schemas.
 * @param last what the last commit of this state has put there: as long as nobody else has, nothing need be asked
 */
export async function schemasAt({ git }: BranchPlace, root: readonly TreeEntry[], last: State['schemas']) {
  const { schemaIn, schemaText } = await import('../../schema/beside.ts');
  const shas = new Map([...last.values()].map(schema => [pathOf(schema.stream), textSha(schemaText(schema))]));
  const folder = root.find(isFolder);
  const expected = [...shas].map(([path, sha]) => ({ path: path.slice(FOLDER.length + 1), sha }));
  if (folder?.sha === treeSha(expected)) return { schemas: last, shas, isForeign: () => false };
  const isTaken = folder === undefined && root.some(({ path }) => path === FOLDER);
  const known = new Map<string, StreamSchema>();
  const found = new Map<string, string>();
  const foreign = new Set<string>();
  for (const { path: name, sha, type } of (folder && (await entriesAt(git, root, FOLDER))) ?? []) {
    const path = `${FOLDER}/${name}`;
    found.set(path, sha);
    if (type === 'blob' && shas.get(path) === sha) continue;
    const stream = name.replace(/\.json$/, '');
    const schema = type === 'blob' && name.endsWith('.json') ? schemaIn(stream, String(await git.blob(sha))) : null;
    if (schema === null) foreign.add(path);
    else known.set(stream, schema);
  }
  return {
    schemas: joinSchemas(known, last),
    shas: found,
    isForeign: (path: string) => foreign.has(path) || (isTaken && path !== 'views.sql'),
  };
}

function textSha(text: string): string {
  return blobSha(Buffer.from(text));
}
