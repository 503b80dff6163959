// The whole world around the action, and the action in it: Kustomer, GitHub and a runner that starts the committed dist/
// from action.yml. What a run publishes is read back from where a user would find it.

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GitHub, type GitHubOptions, type JobOptions, startGitHub } from './github/index.ts';
import {
  DEFAULT_TOKEN,
  type KustomerServer,
  KustomerWorld,
  type ServerOptions,
  type Stream,
  startKustomer,
  type WorldOptions,
} from './kustomer/index.ts';
import { partText } from './part-text.ts';
import { type ActionOptions, type ActionResult, runAction } from './runner/index.ts';

/** The directory with action.yml; another build of the action (one that is broken on purpose, say) may take its place. */
export const ACTION = process.env.ACTION_DIR ?? fileURLToPath(new URL('../..', import.meta.url));

/** `BLOB_STORE=azurite` keeps the blobs of caches and artifacts in Azurite instead of the own small server. */
const BLOB_STORE = process.env.BLOB_STORE === 'azurite' ? 'azurite' : 'own';

/**
 * Whether the main step has left something to the post step. `npm test` starts the post step only then, because starting
 * Node a thousand times takes a tenth of its time; that nothing is done otherwise is in test/action/post-step.test.ts.
 */
function leftToPost({ journal = '' }: Readonly<Record<string, string>>): boolean {
  return journal !== '' && JSON.parse(readFileSync(journal, 'utf8')).requests.length > 0;
}

export interface StageOptions {
  readonly world?: Partial<WorldOptions>;
  readonly server?: Partial<ServerOptions>;
  readonly github?: GitHubOptions;
}

/** A record as published, in either format. */
export type Line = Record<string, unknown> & { id: string; type: string };

export interface Published {
  readonly manifest: Manifest;
  /** The `state.json` beside the manifest. */
  readonly state: { generation: number; identity: string | null };
  readonly records: Map<string, Line[]>;
  /** The same as it stands there, without the line ends. */
  readonly texts: Map<string, string[]>;
}

export interface Manifest {
  version: number;
  streams: { name: string; outcome: string; records: number }[];
  files: { path: string; stream: string; records: number; bytes: number; sha256: string }[];
}

export type Sync = Partial<ActionOptions> & { readonly job?: JobOptions };

export class Stage {
  readonly world: KustomerWorld;
  readonly kustomer: KustomerServer;
  readonly github: GitHub;
  /** Where the machine is that the jobs run on, one after the other. */
  readonly root: string;
  /** What its syncs read unless they say so themselves: all streams, or those that it has records of. */
  streams = 'all';

  constructor(kustomer: KustomerServer, github: GitHub, root: string) {
    this.world = kustomer.world;
    this.kustomer = kustomer;
    this.github = github;
    this.root = root;
  }

  /** Runs the action as one step of a job of its own. Limits on the pace are lifted: tests that are about them set them. */
  async sync({ job, with: inputs, ...options }: Sync = {}): Promise<ActionResult> {
    const { mode = 'sync' } = inputs ?? {};
    return runAction({
      action: ACTION,
      context: options.context ?? this.github.job(job),
      root: this.root,
      ...(process.env.ACTION_POST === 'when-needed' && { startsPost: leftToPost }),
      ...options,
      with: {
        token: DEFAULT_TOKEN,
        'api-url': this.kustomer.url,
        'search-requests-per-minute': '100000',
        'requests-per-minute': '100000',
        ...(this.streams !== 'all' && mode === 'sync' && { streams: this.streams }),
        ...inputs,
      },
    });
  }

  /** What a run uploaded, read back from the artifact; undefined when it uploaded nothing. */
  async published(result: ActionResult): Promise<Published | undefined> {
    const id = result.outputs['artifact-id'];
    if (id === undefined || id === '') return undefined;
    const files = await this.github.readArtifact(Number(id));
    const manifest = JSON.parse(String(files.get('manifest.json'))) as Manifest;
    const state = JSON.parse(String(files.get('state.json'))) as Published['state'];
    const records = new Map<string, Line[]>();
    const texts = new Map<string, string[]>();
    for (const { path, stream } of manifest.files) {
      const bytes = files.get(path);
      if (bytes === undefined) throw new Error(`the artifact lacks ${path}`);
      const lines = (await partText(path, bytes)).split('\n');
      if (lines.pop() !== '') throw new Error(`${path} does not end with a line end`);
      texts.set(stream, [...(texts.get(stream) ?? []), ...lines]);
      records.set(stream, [...(records.get(stream) ?? []), ...lines.map(line => JSON.parse(line) as Line)]);
    }
    return { manifest, state, records, texts };
  }

  /** What is wrong with published records compared with the truth: ids missing, doubled, or with another version. */
  compare(stream: Stream, lines: readonly Line[], truth = this.world.truth(stream)): string[] {
    const wrong: string[] = [];
    const seen = new Map<string, string>();
    for (const line of lines) {
      if (seen.has(line.id)) wrong.push(`${line.id} twice`);
      seen.set(line.id, updatedAtOf(line));
    }
    for (const [id, { updatedAt }] of truth) {
      if (!seen.has(id)) wrong.push(`${id} missing`);
      else if (seen.get(id) !== updatedAt) wrong.push(`${id} in version ${seen.get(id)} instead of ${updatedAt}`);
    }
    for (const id of seen.keys()) if (!truth.has(id)) wrong.push(`${id} does not exist`);
    return wrong;
  }

  async close(): Promise<void> {
    await Promise.all([this.kustomer.close(), this.github.close()]);
    await rm(this.root, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

export async function openStage({ world, server, github }: StageOptions = {}): Promise<Stage> {
  const [kustomer, hub, root] = await Promise.all([
    startKustomer(new KustomerWorld(world), {
      searchLimit: Number.POSITIVE_INFINITY,
      orgLimit: Number.POSITIVE_INFINITY,
      gzip: false,
      ...server,
    }),
    startGitHub({ blobStore: BLOB_STORE, ...github }),
    mkdtemp(join(tmpdir(), 'stage-')),
  ]);
  return new Stage(kustomer, hub, root);
}

/** `updated_at` of a record in either format; `created_at` of one that has no other time. */
export function updatedAtOf(line: Line): string {
  const raw = line.attributes as { updatedAt?: string; createdAt?: string } | undefined;
  return String(raw?.updatedAt ?? line.updated_at ?? raw?.createdAt ?? line.created_at ?? '');
}
