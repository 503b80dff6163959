// Where somebody sits who follows the documents: a folder, a shell, and on its PATH what the documents use. `gh` has the
// artifacts of the stage and its API, `git` its data branch. DuckDB is the one of npm; `npm run recipes` fetches its own command line.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Stage } from '../stage.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** What scripts/recipes.sh has fetched: DuckDB's own command line, and Python with the packages of the recipes. */
const FETCHED = join(ROOT, 'tmp/recipes/bin');
/** Whether it has: it then runs the tests, and all that a desk needs is there. */
export const HAS_ALL = process.env.RECIPES === 'all';
/** Of whoever sits there. */
const TOKEN = 'gho_desk';

const GH = `#!/usr/bin/env bash
set -euo pipefail
case $1 in api | workflow) exec '${process.execPath}' '${join(import.meta.dirname, 'gh.ts')}' "$@" ;; esac
cd "$ARTIFACTS"
if [ "$1 $2" = 'run list' ]; then ls -r; exit; fi
[ "$1 $2 $4 $5 $6" = 'run download --pattern kustomer-sync* --dir' ]
[ -n "$(ls "$3")" ] || { echo 'no valid artifacts found to download' >&2; exit 1; }
cd "$OLDPWD" && mkdir -p "$7" && cp -R "$ARTIFACTS/$3/." "$7"
`;

const DUCKDB = `#!/usr/bin/env bash
exec '${process.execPath}' --disable-warning=ExperimentalWarning '${join(import.meta.dirname, 'duckdb.ts')}' "$@"
`;

export class Desk {
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  #folder: string;

  constructor(home: string, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#env = env;
    this.#folder = home;
  }

  /** Where the last script has gone. */
  get folder(): string {
    return this.#folder;
  }

  /** A new folder, for another document. */
  async clear(): Promise<void> {
    this.#folder = await mkdtemp(join(this.#home, 'work-'));
  }

  /** Types a script into the shell, and gives what it prints. What changes the folder does so for the scripts after it. */
  async type(script: string, { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {}) {
    const end = join(this.#home, 'folder');
    const typed = `trap "pwd > '${end}'" EXIT\n${script}`;
    const printed = await this.#run('bash', ['-euo', 'pipefail', '-c', typed], input, env);
    this.#folder = (await readFile(end, 'utf8')).trimEnd();
    return printed;
  }

  python(program: string): Promise<string> {
    return this.#run('python3', ['-'], program, {});
  }

  #run(program: string, args: string[], input: string, env: Record<string, string>): Promise<string> {
    const options = { cwd: this.#folder, env: { ...this.#env, ...env }, maxBuffer: 1e8 };
    const running = promisify(execFile)(program, args, options);
    running.child.stdin?.end(input);
    return running.then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }) => {
        throw new Error(`${args.at(-1)}\nfailed: ${stderr}${stdout}`);
      },
    );
  }
}

export async function openDesk(stage: Stage): Promise<Desk> {
  const home = await mkdtemp(join(stage.root, 'desk-'));
  const artifacts = join(home, 'artifacts');
  for (const { id } of stage.github.repository.runs) await mkdir(join(artifacts, String(id)), { recursive: true });
  for (const { id, runId, name } of stage.github.artifacts()) {
    for (const [path, bytes] of await stage.github.readArtifact(id)) {
      const file = join(artifacts, runId, name, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
  }
  const programs = { gh: GH, ...(HAS_ALL ? {} : { duckdb: DUCKDB }) };
  await mkdir(join(home, 'bin'));
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(home, 'bin', name), script);
    await chmod(join(home, 'bin', name), 0o755);
  }
  const { fullName, dir, tokens } = stage.github.repository;
  tokens.set(TOKEN, { actions: 'write', contents: 'write' });
  const desk = new Desk(home, {
    ...process.env,
    PATH: [join(home, 'bin'), ...(HAS_ALL ? [FETCHED] : []), process.env.PATH].join(delimiter),
    ARTIFACTS: artifacts,
    GH_API: `${stage.github.apiUrl}/repos/${fullName}`,
    GH_TOKEN: TOKEN,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.file://${dir}.insteadOf`,
    GIT_CONFIG_VALUE_0: `https://github.com/${fullName}`,
  });
  await desk.clear();
  return desk;
}
