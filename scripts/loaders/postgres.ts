// A Postgres server of its own, for as long as the script runs. Where there is none, its packages are fetched from Debian
// and unpacked into the git-ignored tmp/, which needs no root.
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unpack } from '../debian.ts';

const HOME = fileURLToPath(new URL('../../tmp/loaders/postgres', import.meta.url));
/** Postgres refuses to run as root. */
const NOBODY = 65_534;
const USER = 'loader';
const START_MS = 60_000;

export interface Postgres {
  readonly port: number;
  readonly user: string;
  /** Runs statements of SQL, and gives the lines of their results. @param input for COPY FROM STDIN */
  run(sql: string, input?: string): string[];
  close(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const { bin, env } = findBinaries() ?? fetchBinaries();
  const data = mkdtempSync(join(tmpdir(), 'kustomer-sync-postgres-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(data, NOBODY, NOBODY);
  const options = { env, cwd: data, ...(isRoot && { uid: NOBODY, gid: NOBODY }) };
  const cluster = ['--pgdata', data, '--username', USER, '--auth', 'trust', '--encoding', 'UTF8', '--no-locale'];
  execFileSync(join(bin, 'initdb'), [...cluster, '--no-sync'], { ...options, stdio: 'ignore' });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${data}`, 'fsync=off', 'timezone=UTC'];
  const flags = ['-D', data, '-p', String(port), ...settings.flatMap(setting => ['-c', setting])];
  const server = spawn(join(bin, 'postgres'), flags, { ...options, stdio: 'ignore' });
  const gone = new Promise<void>(resolve => server.once('exit', () => resolve()));

  const run = (sql: string, input = '') => {
    const place = ['-h', '127.0.0.1', '-p', String(port), '-U', USER, '-d', 'postgres'];
    const how = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'];
    // COPY takes its lines from the input, so statements that are too long for an argument cannot have any.
    const statements = input === '' ? ['-f', '-'] : ['-c', sql];
    const found = execFileSync(join(bin, 'psql'), [...place, ...how, ...statements], {
      env,
      input: input === '' ? sql : input,
      maxBuffer: 1e9,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return String(found)
      .split('\n')
      .filter(line => line !== '');
  };

  for (const end = Date.now() + START_MS; ; await sleep(100)) {
    try {
      run('SELECT 1');
      break;
    } catch (error) {
      if (Date.now() > end || server.exitCode !== null) throw error;
    }
  }
  return {
    port,
    user: USER,
    run,
    async close() {
      server.kill('SIGINT');
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

interface Binaries {
  readonly bin: string;
  readonly env: NodeJS.ProcessEnv;
}

function findBinaries(): Binaries | undefined {
  const fetched = globSync(join(HOME, 'usr/lib/postgresql/*/bin'));
  const installed = [...globSync('/usr/lib/postgresql/*/bin'), ...(process.env.PATH ?? '').split(delimiter)];
  const isThere = (bin: string) => ['initdb', 'postgres', 'psql'].every(name => existsSync(join(bin, name)));
  const bin = [...installed, ...fetched].find(isThere);
  const libraries = globSync(join(HOME, 'usr/lib/*-linux-gnu')).join(delimiter);
  if (bin === undefined) return undefined;
  return { bin, env: fetched.includes(bin) ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env };
}

/** The server and what it needs and this machine lacks. */
function fetchBinaries(): Binaries {
  const ask = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' });
  const [, server = ''] = /Depends: (postgresql-\d+)/.exec(ask('apt-cache', 'depends', 'postgresql')) ?? [];
  console.log(`Fetching ${server} from Debian into tmp/loaders (once) ...`);
  const lacking = ask('apt-get', 'install', '--print-uris', '--yes', '--no-install-recommends', server);
  const names = [...lacking.matchAll(/^'\S+' ([^_\s]+)_/gm)].map(([, name = '']) => name);
  unpack([...new Set([server, ...names])], HOME);
  const found = findBinaries();
  if (found === undefined) throw new Error('There is no Postgres here, and Debian has none: install one.');
  return found;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await new Promise<number>(resolve => {
    probe.listen(0, '127.0.0.1', () => resolve((probe.address() as { port: number }).port));
  });
  await new Promise(resolve => probe.close(resolve));
  return port;
}
