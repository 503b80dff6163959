// REST endpoints of the Git Data API and of contents, over the real repository (docs/actions-platform.md#git-data-api).

import { CODELOAD } from './codeload.ts';
import type { Commit } from './objects.ts';
import { BOT } from './repository.ts';
import { notFound, page, type RestCall, type Route, says } from './rest-call.ts';
import type { Answer } from './server.ts';
import { entryAt, listTree, NothingToDelete, type PathChange, writeOver } from './trees.ts';

/** Decoded bytes: so many are accepted, 40 MiB (41 943 040) are not (docs/actions-platform.md#blob-size). */
const BLOB_CEILING = 41_820_160;
/** Callers that send more get what GitHub gives when it runs out of time: 502. */
const TREE_ENTRIES_CEILING = 100;
const RECURSIVE_CEILING = 100_000;
const CONTENTS_INLINE = 1024 * 1024;

const read = { scope: 'contents', level: 'read' } as const;
const write = { scope: 'contents', level: 'write' } as const;
const REPO = '/repos/{owner}/{repo}';

export const gitRoutes: Route[] = [
  {
    operation: 'git.createBlob',
    path: `POST ${REPO}/git/blobs`,
    needs: write,
    createsContent: true,
    answer: createBlob,
  },
  { operation: 'git.getBlob', path: `GET ${REPO}/git/blobs/{sha}`, needs: read, answer: getBlob },
  {
    operation: 'git.createTree',
    path: `POST ${REPO}/git/trees`,
    needs: write,
    createsContent: true,
    answer: createTree,
  },
  { operation: 'git.getTree', path: `GET ${REPO}/git/trees/{sha+}`, needs: read, answer: getTree },
  {
    operation: 'git.createCommit',
    path: `POST ${REPO}/git/commits`,
    needs: write,
    createsContent: true,
    answer: createCommit,
  },
  { operation: 'git.getCommit', path: `GET ${REPO}/git/commits/{sha}`, needs: read, answer: getCommit },
  { operation: 'git.getRef', path: `GET ${REPO}/git/ref/{ref+}`, needs: read, answer: getRef },
  {
    operation: 'git.listMatchingRefs',
    path: `GET ${REPO}/git/matching-refs/{ref+}`,
    needs: read,
    answer: matchingRefs,
  },
  { operation: 'git.createRef', path: `POST ${REPO}/git/refs`, needs: write, createsContent: true, answer: createRef },
  {
    operation: 'git.updateRef',
    path: `PATCH ${REPO}/git/refs/{ref+}`,
    needs: write,
    createsContent: true,
    answer: updateRef,
  },
  { operation: 'git.deleteRef', path: `DELETE ${REPO}/git/refs/{ref+}`, needs: write, answer: deleteRef },
  {
    operation: 'repos.downloadTarballArchive',
    path: `GET ${REPO}/tarball/{ref+}`,
    needs: read,
    answer: ({ repository, params, base }) => ({
      status: 302,
      headers: { location: `${new URL(base).origin}${CODELOAD.path}/${repository.id}/${params.ref}?token=once` },
    }),
  },
  { operation: 'repos.getBranch', path: `GET ${REPO}/branches/{branch+}`, needs: read, answer: getBranch },
  { operation: 'repos.listCommits', path: `GET ${REPO}/commits`, needs: read, answer: listCommits },
  {
    operation: 'repos.createOrUpdateFileContents',
    path: `PUT ${REPO}/contents/{path+}`,
    needs: write,
    createsContent: true,
    answer: putContent,
  },
  { operation: 'repos.getContent', path: `GET ${REPO}/contents/{path+}`, needs: read, answer: getContent },
];

/** The Git Data API refuses to work on a repository without a commit. */
async function notEmpty(call: RestCall): Promise<void> {
  if (await call.repository.isEmpty()) throw says(409, 'Git Repository is empty.');
}

async function createBlob(call: RestCall): Promise<Answer> {
  await notEmpty(call);
  const { content, encoding = 'utf-8' } = call.json();
  if (typeof content !== 'string') throw says(422, 'Invalid request.\n\n"content" wasn\'t supplied.');
  if (encoding !== 'utf-8' && encoding !== 'base64') throw says(422, `Invalid encoding: ${String(encoding)}`);
  const bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8');
  if (bytes.length > BLOB_CEILING) {
    const message =
      'Sorry, your input was too large to process. Consider creating the blob in a local clone of the repository and then pushing it to GitHub.';
    throw says(422, message, { errors: [{ resource: 'Blob', field: 'data', code: 'too_large' }] });
  }
  if ([...call.repository.secrets].some(secret => bytes.includes(secret))) {
    const placeholders = [{ placeholder_id: '2k5Z0', token_type: 'stripe_api_key' }];
    throw says(409, 'Repository rule violations found\n\nSecret detected in content\n\n', {
      metadata: { secret_scanning: { bypass_placeholders: placeholders } },
    });
  }
  const sha = await call.repository.git.write('blob', bytes);
  return { status: 201, body: { sha, url: `${call.base}/git/blobs/${sha}` } };
}

async function getBlob(call: RestCall): Promise<Answer> {
  const sha = call.params.sha ?? '';
  const object = await call.repository.git.read(sha);
  if (object?.type !== 'blob') throw notFound();
  if (call.headers.accept?.includes('raw')) {
    return { status: 200, headers: { 'content-type': 'application/vnd.github.raw+json' }, body: object.bytes };
  }
  const body = { sha, node_id: sha, size: object.bytes.length, encoding: 'base64', content: folded(object.bytes) };
  return { status: 200, body: { ...body, url: `${call.base}/git/blobs/${sha}` } };
}

async function createTree(call: RestCall): Promise<Answer> {
  await notEmpty(call);
  const { git } = call.repository;
  const { base_tree: base, tree } = call.json();
  if (!Array.isArray(tree) || tree.length === 0) throw says(422, 'Invalid tree info');
  if (tree.length > TREE_ENTRIES_CEILING) throw says(502, 'Server Error');
  const changes: PathChange[] = [];
  for (const entry of tree as Array<Record<string, unknown>>) changes.push(await changeOf(call, entry));
  // A commit is accepted in the place of its tree.
  const baseTree =
    base === undefined || base === null ? undefined : ((await git.commit(String(base)))?.tree ?? String(base));
  if (baseTree !== undefined && (await git.tree(baseTree)) === undefined)
    throw says(422, 'base_tree is not a valid tree');
  try {
    const sha = await writeOver(git, baseTree, changes);
    return { status: 201, body: await treeJson(call, sha, false) };
  } catch (error) {
    if (error instanceof NothingToDelete) throw says(422, 'GitRPC::BadObjectState');
    throw error;
  }
}

async function changeOf(call: RestCall, entry: Record<string, unknown>): Promise<PathChange> {
  const { path, mode, sha, content } = entry;
  const parts = typeof path === 'string' ? path.split('/') : [''];
  if (parts.some(part => part === '' || part === '.' || part === '..' || part === '.git')) {
    throw says(422, 'tree.path contains a malformed path component');
  }
  if (sha === null) return { path: String(path), mode: String(mode), sha: null };
  if (!['100644', '100755', '040000', '160000', '120000'].includes(String(mode)))
    throw says(422, 'tree.mode is invalid');
  if (typeof content === 'string' && sha === undefined) {
    const written = await call.repository.git.write('blob', Buffer.from(content));
    return { path: String(path), mode: String(mode), sha: written };
  }
  const wanted = mode === '040000' ? 'tree' : 'blob';
  if (mode !== '160000' && (await call.repository.git.info(String(sha)))?.type !== wanted) {
    throw says(422, `tree.sha ${String(sha)} is not a valid ${wanted}`);
  }
  return { path: String(path), mode: String(mode), sha: String(sha) };
}

async function getTree(call: RestCall): Promise<Answer> {
  await notEmpty(call);
  const sha = await resolveTree(call, call.params.sha ?? '');
  if (sha === undefined) throw notFound();
  // Any value of `recursive` counts, even 0 and false.
  return { status: 200, body: await treeJson(call, sha, call.url.searchParams.has('recursive')) };
}

async function treeJson(call: RestCall, sha: string, recursive: boolean) {
  const { git } = call.repository;
  const all = await listTree(git, sha, recursive);
  const tree = [];
  for (const entry of all.slice(0, RECURSIVE_CEILING)) {
    const size = entry.type === 'blob' ? { size: (await git.info(entry.sha))?.size } : {};
    tree.push({ ...entry, ...size, url: `${call.base}/git/${entry.type}s/${entry.sha}` });
  }
  return { sha, url: `${call.base}/git/trees/${sha}`, tree, truncated: all.length > RECURSIVE_CEILING };
}

/** A tree, a commit or the name of a branch or ref -> the sha of the tree. */
async function resolveTree(call: RestCall, name: string): Promise<string | undefined> {
  const { git } = call.repository;
  const sha = await resolveCommit(call, name);
  const commit = await git.commit(sha ?? name);
  const tree = commit?.tree ?? name;
  return /^[0-9a-f]{40}$/.test(tree) && (await git.tree(tree)) ? tree : undefined;
}

async function resolveCommit(call: RestCall, name: string): Promise<string | undefined> {
  const { git } = call.repository;
  if (/^[0-9a-f]{40}$/.test(name)) return (await git.commit(name)) ? name : undefined;
  const short = name.replace(/^refs\//, '').replace(/^heads\//, '');
  return (await git.ref(`refs/heads/${short}`)) ?? (await git.ref(`refs/tags/${short.replace(/^tags\//, '')}`));
}

interface Person {
  name?: string;
  email?: string;
  date?: string;
}

async function createCommit(call: RestCall): Promise<Answer> {
  await notEmpty(call);
  const { git } = call.repository;
  const { message, tree, parents = [], author, committer } = call.json();
  if (typeof message !== 'string') throw says(422, 'Invalid request.\n\n"message" wasn\'t supplied.');
  if ((await git.info(String(tree)))?.type !== 'tree') throw says(422, 'Tree SHA does not exist');
  if (!Array.isArray(parents)) throw says(422, 'Invalid request.\n\n"parents" is not an array.');
  for (const parent of parents) {
    if (!(await git.commit(String(parent)))) throw says(422, 'Parent SHA does not exist or is not a commit object');
  }
  const own = identity(author as Person | undefined);
  const sha = await git.writeCommit({
    tree: String(tree),
    parents: parents.map(String),
    author: own,
    committer: committer === undefined ? own : identity(committer as Person),
    message,
  });
  return { status: 201, body: commitJson(call, sha, await commitOf(call, sha)) };
}

/** Without an author the commit is the bot's, and GitHub signs it (docs/actions-platform.md#git-data-api). */
function identity(person: Person | undefined): string {
  const at = person?.date === undefined ? Date.now() : Date.parse(person.date);
  const who = person === undefined ? BOT : `${person.name} <${person.email}>`;
  return `${who} ${Math.floor(at / 1000)} +0000`;
}

async function commitOf(call: RestCall, sha: string): Promise<Commit> {
  const commit = await call.repository.git.commit(sha);
  if (!commit) throw notFound();
  return commit;
}

async function getCommit(call: RestCall): Promise<Answer> {
  const sha = call.params.sha ?? '';
  return { status: 200, body: commitJson(call, sha, await commitOf(call, sha)) };
}

function commitJson(call: RestCall, sha: string, commit: Commit) {
  const url = (kind: string, of: string) => `${call.base}/git/${kind}/${of}`;
  const verified = commit.author.startsWith(BOT);
  return {
    sha,
    node_id: sha,
    url: url('commits', sha),
    html_url: `https://github.com/${call.repository.fullName}/commit/${sha}`,
    author: personOf(commit.author),
    committer: personOf(commit.committer),
    message: commit.message,
    tree: { sha: commit.tree, url: url('trees', commit.tree) },
    parents: commit.parents.map(parent => ({ sha: parent, url: url('commits', parent) })),
    verification: { verified, reason: verified ? 'valid' : 'unsigned', signature: null, payload: null },
  };
}

function personOf(line: string) {
  const match = /^(.*) <(.*)> (\d+) [+-]\d{4}$/.exec(line);
  return {
    name: match?.[1] ?? '',
    email: match?.[2] ?? '',
    date: new Date(Number(match?.[3] ?? 0) * 1000).toISOString(),
  };
}

function refJson(call: RestCall, ref: string, sha: string) {
  const object = { type: 'commit', sha, url: `${call.base}/git/commits/${sha}` };
  return { ref, node_id: ref, url: `${call.base}/git/${ref}`, object };
}

async function getRef(call: RestCall): Promise<Answer> {
  await notEmpty(call);
  const ref = `refs/${call.params.ref}`;
  const sha = await call.repository.git.ref(ref);
  if (sha === undefined) throw notFound();
  return { status: 200, body: refJson(call, ref, sha) };
}

async function matchingRefs(call: RestCall): Promise<Answer> {
  const refs = await call.repository.git.refs(`refs/${call.params.ref}`);
  return { status: 200, body: refs.map(({ name, sha }) => refJson(call, name, sha)) };
}

async function createRef(call: RestCall): Promise<Answer> {
  await notEmpty(call);
  const { git } = call.repository;
  const { ref, sha } = call.json();
  if (typeof ref !== 'string' || !/^refs\/[^/]+\/.+/.test(ref))
    throw says(422, `Reference name is invalid: ${String(ref)}`);
  if ((await git.info(String(sha)))?.type !== 'commit') throw says(422, 'Object does not exist');
  refuseIfProtected(call, ref);
  await refuseFiles(call, undefined, String(sha));
  if (!(await git.moveRef(ref, undefined, String(sha)))) throw says(422, 'Reference already exists');
  return { status: 201, body: refJson(call, ref, String(sha)) };
}

async function updateRef(call: RestCall): Promise<Answer> {
  const { git } = call.repository;
  const ref = `refs/${call.params.ref}`;
  const { sha, force = false } = call.json();
  const to = String(sha);
  if ((await git.info(to))?.type !== 'commit') throw says(422, 'Object does not exist');
  refuseIfProtected(call, ref);
  const from = await git.ref(ref);
  if (from === undefined) throw says(422, 'Reference does not exist');
  if (force !== true && !(await git.isAncestor(from, to))) throw says(422, 'Update is not a fast forward');
  await refuseFiles(call, from, to);
  // The old value is compared once more by git, so that of two that saw the same one only one lands.
  if (!(await git.moveRef(ref, from, to))) throw says(422, 'Update is not a fast forward');
  return { status: 200, body: refJson(call, ref, to) };
}

async function deleteRef(call: RestCall): Promise<Answer> {
  const ref = `refs/${call.params.ref}`;
  if ((await call.repository.git.ref(ref)) === undefined) throw says(422, 'Reference does not exist');
  refuseIfProtected(call, ref);
  await call.repository.git.deleteRef(ref);
  return { status: 204 };
}

function refuseIfProtected(call: RestCall, ref: string): void {
  const message = call.repository.protectedBranches.get(ref.replace(/^refs\/heads\//, ''));
  if (message !== undefined) throw says(422, message);
}

/** Rulesets about files look at what a push brings. The answer names no file. */
async function refuseFiles({ repository }: RestCall, from: string | undefined, to: string): Promise<void> {
  if (repository.fileRule === undefined) return;
  const before = from === undefined ? new Map<string, Buffer>() : await repository.files(from);
  for (const [path, bytes] of await repository.files(to)) {
    const message = before.get(path)?.equals(bytes) ? undefined : repository.fileRule(path, bytes);
    if (message !== undefined) throw says(422, `Repository rule violations found\n\n${message}\n\n`);
  }
}

async function getBranch(call: RestCall): Promise<Answer> {
  const name = call.params.branch ?? '';
  const sha = await call.repository.head(name);
  if (sha === undefined) throw says(404, 'Branch not found');
  const commit = commitJson(call, sha, await commitOf(call, sha));
  const body = {
    name,
    commit: { sha, commit, url: commit.url },
    protected: call.repository.protectedBranches.has(name),
  };
  return { status: 200, body };
}

async function listCommits(call: RestCall): Promise<Answer> {
  await notEmpty(call);
  const start = await resolveCommit(call, call.url.searchParams.get('sha') ?? call.repository.defaultBranch);
  if (start === undefined) throw notFound();
  const listed = [];
  for (let sha: string | undefined = start; sha !== undefined; ) {
    const commit: Commit = await commitOf(call, sha);
    listed.push({
      sha,
      commit: commitJson(call, sha, commit),
      parents: commit.parents.map(parent => ({ sha: parent })),
    });
    sha = commit.parents[0];
  }
  const { items, headers } = page(call, listed);
  return { status: 200, headers, body: items };
}

/** The one way to write into a repository that has no commit. */
async function putContent(call: RestCall): Promise<Answer> {
  const { branch, content, message } = call.json();
  const name = String(branch ?? call.repository.defaultBranch);
  if (!(await call.repository.isEmpty()) && (await call.repository.head(name)) === undefined) {
    throw says(404, `Branch ${name} not found`);
  }
  refuseIfProtected(call, `refs/heads/${name}`);
  const bytes = Buffer.from(String(content), 'base64');
  const sha = await call.repository.commit(name, { [call.params.path ?? '']: bytes }, { message: String(message) });
  return { status: 201, body: { content: { path: call.params.path }, commit: { sha } } };
}

async function getContent(call: RestCall): Promise<Answer> {
  const { git } = call.repository;
  const path = (call.params.path ?? '').replace(/\/+$/, '');
  const ref = call.url.searchParams.get('ref') ?? call.repository.defaultBranch;
  const commit = await resolveCommit(call, ref);
  if (commit === undefined) throw says(404, `No commit found for the ref ${ref}`);
  const found = await entryAt(git, (await commitOf(call, commit)).tree, path);
  if (!found) throw notFound();
  const json = (at: string, sha: string, type: string, size: number) => ({
    type,
    size,
    name: at.slice(at.lastIndexOf('/') + 1),
    path: at,
    sha,
    url: `${call.base}/contents/${at}?ref=${ref}`,
    git_url: `${call.base}/git/${type === 'dir' ? 'trees' : 'blobs'}/${sha}`,
  });
  if (found.mode === '040000') {
    const entries = [];
    for (const { path: name, sha, type } of (await listTree(git, found.sha, false)).slice(0, 1000)) {
      const size = type === 'blob' ? ((await git.info(sha))?.size ?? 0) : 0;
      entries.push(json(`${path}/${name}`, sha, type === 'tree' ? 'dir' : 'file', size));
    }
    return { status: 200, body: entries };
  }
  const bytes = (await git.read(found.sha))?.bytes ?? Buffer.alloc(0);
  if (call.headers.accept?.includes('raw')) {
    return { status: 200, headers: { 'content-type': 'application/vnd.github.raw+json' }, body: bytes };
  }
  // Over 1 MB the API answers without the content: read it through git/blobs.
  const inline = bytes.length <= CONTENTS_INLINE;
  const content = inline ? { encoding: 'base64', content: folded(bytes) } : { encoding: 'none', content: '' };
  return { status: 200, body: { ...json(path, found.sha, 'file', bytes.length), ...content } };
}

/** GitHub breaks base64 into lines of 60. */
function folded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{60}/g, '$&\n');
}
