// Objects and refs of a real bare git repository, written as git writes them: loose objects and loose refs, a ref under
// git's own lock and with its old value compared. To start git for each of them took most of the time of a request; the
// tests read the repository with git itself (`git fsck`, `git clone`), so that a mistake here shows.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { deflateSync, inflateSync } from 'node:zlib';

const run = promisify(execFile);

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

export interface GitObject {
  type: ObjectType;
  bytes: Buffer;
}

export interface TreeEntry {
  mode: string;
  name: string;
  sha: string;
}

export interface Commit {
  tree: string;
  parents: string[];
  author: string;
  committer: string;
  message: string;
}

/** Plain names of refs, which git accepts: words of letters and digits, joined by hyphens, dots and slashes. */
const PLAIN_REF = /^refs(?:\/(?!\S*\.lock(?:\/|$))[\w-]+(?:\.[\w-]+)*)+$/;

export const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

export class GitObjects {
  readonly dir: string;
  #counter = 0;
  /** Types and sizes of what is known, so that listing a big tree does not unpack every blob. */
  #known = new Map<string, { type: ObjectType; size: number }>();

  constructor(dir: string) {
    this.dir = dir;
  }

  static async create(dir: string, defaultBranch: string): Promise<GitObjects> {
    for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
      await mkdir(join(dir, folder), { recursive: true });
    await writeFile(join(dir, 'HEAD'), `ref: refs/heads/${defaultBranch}\n`);
    await writeFile(join(dir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n');
    return new GitObjects(dir);
  }

  /** Runs git in the repository and returns what it printed. */
  async git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, { cwd: this.dir, env: cleanEnv(), maxBuffer: 1 << 28 });
    return stdout;
  }

  async write(type: ObjectType, bytes: Buffer): Promise<string> {
    const store = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
    const sha = createHash('sha1').update(store).digest('hex');
    if (this.#known.has(sha)) return sha;
    const folder = join(this.dir, 'objects', sha.slice(0, 2));
    const path = join(folder, sha.slice(2));
    if (!existsSync(path)) {
      await mkdir(folder, { recursive: true });
      const temporary = join(folder, `tmp_obj_${process.pid}_${this.#counter++}`);
      await writeFile(temporary, deflateSync(store, { level: 1 }), { mode: 0o444 });
      await rename(temporary, path);
    }
    this.#known.set(sha, { type, size: bytes.length });
    return sha;
  }

  async read(sha: string): Promise<GitObject | undefined> {
    if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
    const object = (await this.#readLoose(sha)) ?? (await this.#readPacked(sha));
    if (object) this.#known.set(sha, { type: object.type, size: object.bytes.length });
    return object;
  }

  async info(sha: string): Promise<{ type: ObjectType; size: number } | undefined> {
    if (!this.#known.has(sha)) await this.read(sha);
    return this.#known.get(sha);
  }

  async #readLoose(sha: string): Promise<GitObject | undefined> {
    const packed = await readFile(join(this.dir, 'objects', sha.slice(0, 2), sha.slice(2))).catch(() => undefined);
    if (!packed) return undefined;
    const store = inflateSync(packed);
    const end = store.indexOf(0);
    const type = store.toString('latin1', 0, end).split(' ')[0] as ObjectType;
    return { type, bytes: store.subarray(end + 1) };
  }

  /** Objects that came by a push or went through `git gc`. */
  async #readPacked(sha: string): Promise<GitObject | undefined> {
    // To ask git costs a process, and most of what is not there as a loose object is not there at all.
    const packs = await readdir(join(this.dir, 'objects/pack'));
    if (packs.length === 0) return undefined;
    try {
      const type = (await this.git('cat-file', '-t', sha)).trim() as ObjectType;
      const { stdout } = await run('git', ['cat-file', type, sha], {
        cwd: this.dir,
        env: cleanEnv(),
        encoding: 'buffer',
        maxBuffer: 1 << 28,
      });
      return { type, bytes: stdout };
    } catch {
      return undefined;
    }
  }

  async tree(sha: string): Promise<TreeEntry[] | undefined> {
    const object = await this.read(sha);
    if (object?.type !== 'tree') return sha === EMPTY_TREE ? [] : undefined;
    const entries: TreeEntry[] = [];
    for (let at = 0; at < object.bytes.length; ) {
      const end = object.bytes.indexOf(0, at);
      const [mode = '', name = ''] = splitOnce(object.bytes.toString('utf8', at, end), ' ');
      entries.push({ mode: mode.padStart(6, '0'), name, sha: object.bytes.toString('hex', end + 1, end + 21) });
      at = end + 21;
    }
    return entries;
  }

  async writeTree(entries: TreeEntry[]): Promise<string> {
    // Git sorts by bytes, and a directory as if its name ended in a slash.
    const key = (entry: TreeEntry) => Buffer.from(entry.mode === '040000' ? `${entry.name}/` : entry.name);
    const sorted = [...entries].sort((a, b) => Buffer.compare(key(a), key(b)));
    const parts = sorted.flatMap(({ mode, name, sha }) => [
      Buffer.from(`${mode.replace(/^0+/, '')} ${name}\0`),
      Buffer.from(sha, 'hex'),
    ]);
    return this.write('tree', Buffer.concat(parts));
  }

  async commit(sha: string): Promise<Commit | undefined> {
    const object = await this.read(sha);
    if (object?.type !== 'commit') return undefined;
    const [head = '', message = ''] = splitOnce(object.bytes.toString('utf8'), '\n\n');
    const lines = head.split('\n').map(line => splitOnce(line, ' '));
    const all = (name: string) => lines.filter(([key]) => key === name).map(([, value]) => value ?? '');
    return {
      tree: all('tree')[0] ?? '',
      parents: all('parent'),
      author: all('author')[0] ?? '',
      committer: all('committer')[0] ?? '',
      message,
    };
  }

  async writeCommit(commit: Commit): Promise<string> {
    const lines = [
      `tree ${commit.tree}`,
      ...commit.parents.map(parent => `parent ${parent}`),
      `author ${commit.author}`,
      `committer ${commit.committer}`,
    ];
    return this.write('commit', Buffer.from(`${lines.join('\n')}\n\n${commit.message}`));
  }

  /** The commit a ref such as `refs/heads/main` points at. */
  async ref(name: string): Promise<string | undefined> {
    if (name.includes('..')) return undefined;
    const loose = await readFile(join(this.dir, name), 'utf8').catch(() => undefined);
    if (loose !== undefined) return loose.trim();
    const packed = await readFile(join(this.dir, 'packed-refs'), 'utf8').catch(() => '');
    return packed
      .split('\n')
      .find(line => line.endsWith(` ${name}`))
      ?.slice(0, 40);
  }

  /** False when the ref was not at `from` any more. Undefined as `from` means that there must be none yet. */
  async moveRef(name: string, from: string | undefined, to: string): Promise<boolean> {
    // Whether any other name is allowed is for git to say.
    if (!PLAIN_REF.test(name)) return this.#moveRefByGit(name, from, to);
    const path = join(this.dir, name);
    const lock = `${path}.lock`;
    try {
      await mkdir(dirname(path), { recursive: true });
      // Exclusive: whoever holds it, git included, is the only one that may move the ref.
      await writeFile(lock, `${to}\n`, { flag: 'wx' });
    } catch {
      return false;
    }
    try {
      if ((await this.ref(name)) !== from) throw new Error('moved meanwhile');
      await rename(lock, path);
      return true;
    } catch {
      await rm(lock);
      return false;
    }
  }

  async #moveRefByGit(name: string, from: string | undefined, to: string): Promise<boolean> {
    try {
      await this.git('update-ref', name, to, from ?? '0'.repeat(40));
      return true;
    } catch {
      return false;
    }
  }

  async deleteRef(name: string): Promise<void> {
    await this.git('update-ref', '-d', name);
  }

  async refs(prefix = 'refs/'): Promise<Array<{ name: string; sha: string }>> {
    const printed = await this.git('for-each-ref', '--format=%(objectname) %(refname)');
    return printed
      .split('\n')
      .filter(line => line !== '')
      .map(line => ({ sha: line.slice(0, 40), name: line.slice(41) }))
      .filter(({ name }) => name.startsWith(prefix));
  }

  /** Whether `older` can be reached from `newer` through parents. */
  async isAncestor(older: string, newer: string): Promise<boolean> {
    const seen = new Set<string>();
    const open = [newer];
    for (let sha = open.shift(); sha !== undefined; sha = open.shift()) {
      if (sha === older) return true;
      if (seen.has(sha)) continue;
      seen.add(sha);
      open.push(...((await this.commit(sha))?.parents ?? []));
    }
    return false;
  }
}

/** Neither the developer's git configuration nor an enclosing repository may leak in. */
function cleanEnv(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    LC_ALL: 'C',
  };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
