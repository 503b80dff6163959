// Fetches Azurite, Microsoft's own emulator of Blob storage, and starts it as the blob store of the fake results service:
// an oracle beside the small blob server of test/world/github/blobs.ts. It brings some 300 packages, so it is not part of
// `npm ci`; it is put into the git-ignored tmp/ the first time it is asked for.
//
//   node scripts/on-node24.mjs scripts/azurite.ts      fetches it and checks that it starts
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BlobStore, disposition } from '../test/world/github/blobs.ts';

const VERSION = '3.37.0';
const home = fileURLToPath(new URL('../tmp/azurite', import.meta.url));
const program = join(home, 'node_modules', 'azurite', 'dist', 'src', 'blob', 'main.js');

// The account and the key that Azurite is published with: no secret.
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const SAS_VERSION = '2021-12-02';
const CONTAINER = 'results';

async function fetchAzurite(): Promise<void> {
  if (existsSync(program)) return;
  console.log(`Fetching azurite ${VERSION} into tmp/azurite (once) ...`);
  await mkdir(home, { recursive: true });
  // A package.json of its own keeps npm from taking the one above for the project to install into.
  await writeFile(join(home, 'package.json'), '{"private":true}\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['install', '--no-save', '--prefix', home, `azurite@${VERSION}`, '--ignore-scripts'];
  const install = spawnSync(npm, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (install.status !== 0 || !existsSync(program)) throw new Error(`npm could not install azurite ${VERSION}`);
}

export async function startAzurite(): Promise<BlobStore & { readonly origin: string }> {
  await fetchAzurite();
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const flags = ['--inMemoryPersistence', '--blobHost', '127.0.0.1', '--blobPort', String(port), '--silent'];
  const child = spawn(process.execPath, [program, ...flags, '--skipApiVersionCheck', '--disableTelemetry'], {
    cwd: home,
    stdio: 'ignore',
  });
  // Not to outlive a test run that ends without closing it.
  const end = () => child.kill();
  process.once('exit', end);
  try {
    await createContainer(child, origin);
  } catch (error) {
    child.kill();
    throw error;
  }

  const blob = (name: string) => `${origin}/${ACCOUNT}/${CONTAINER}/${name}`;
  const signed = (name: string, rights: string, extra: { rscd?: string; rsct?: string } = {}) =>
    `${blob(name)}?${blobSas(name, rights, extra)}`;
  const must = async (response: Response, what: string) => {
    if (!response.ok) throw new Error(`azurite: ${what}: ${response.status} ${await response.text()}`);
  };

  return {
    origin,
    uploadUrl: name => signed(name, 'cw'),
    downloadUrl: (name, hints = {}) =>
      signed(name, 'r', {
        ...(hints.fileName === undefined ? {} : { rscd: disposition(hints.fileName) }),
        ...(hints.contentType === undefined ? {} : { rsct: hints.contentType }),
      }),
    async read(name) {
      const response = await fetch(signed(name, 'r'));
      if (response.status === 404) return undefined;
      if (!response.ok) await must(response, `read ${name}`);
      return Buffer.from(await response.arrayBuffer());
    },
    async write(name, bytes, contentType = 'application/octet-stream') {
      const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-blob-content-type': contentType };
      await must(
        await fetch(signed(name, 'cw'), { method: 'PUT', headers, body: new Uint8Array(bytes) }),
        `write ${name}`,
      );
    },
    async remove(name) {
      const response = await fetch(signed(name, 'd'), { method: 'DELETE' });
      if (response.status !== 404) await must(response, `remove ${name}`);
    },
    close: async () => {
      process.off('exit', end);
      if (child.exitCode !== null) return;
      const gone = new Promise(resolve => child.once('exit', resolve));
      child.kill();
      await gone;
    },
  };
}

/** Tries until Azurite listens: about a second. */
async function createContainer(child: ChildProcess, origin: string): Promise<void> {
  const url = `${origin}/${ACCOUNT}/${CONTAINER}?restype=container&${accountSas()}`;
  let last: unknown;
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(100)) {
    if (child.exitCode !== null) throw new Error(`azurite ended with exit code ${child.exitCode}`);
    try {
      const response = await fetch(url, { method: 'PUT' });
      if (response.status === 201 || response.status === 409) return;
      last = `${response.status} ${await response.text()}`;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`azurite does not answer: ${String(last)}`);
}

function accountSas(): string {
  const end = inAnHour();
  const fields = [ACCOUNT, 'cw', 'b', 'c', '', end, '', '', SAS_VERSION, '', ''];
  const query = { sv: SAS_VERSION, ss: 'b', srt: 'c', sp: 'cw', se: end, sig: sign(fields) };
  return String(new URLSearchParams(query));
}

/** One blob, some rights, an hour: what the real service hands out. */
function blobSas(name: string, rights: string, { rscd = '', rsct = '' }: { rscd?: string; rsct?: string }): string {
  const end = inAnHour();
  const resource = `/blob/${ACCOUNT}/${CONTAINER}/${name}`;
  const fields = [rights, '', end, resource, '', '', '', SAS_VERSION, 'b', '', '', '', rscd, '', '', rsct];
  const query = new URLSearchParams({ sv: SAS_VERSION, sr: 'b', sp: rights, se: end, sig: sign(fields) });
  if (rscd !== '') query.set('rscd', rscd);
  if (rsct !== '') query.set('rsct', rsct);
  return String(query);
}

function sign(fields: string[]): string {
  return createHmac('sha256', Buffer.from(KEY, 'base64')).update(fields.join('\n')).digest('base64');
}

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d{3}/, '');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const store = await startAzurite();
  await store.write('check', Buffer.from('it works'));
  console.log(`azurite ${VERSION} at ${store.origin}: ${String(await store.read('check'))}`);
  await store.close();
}
