// What is between the runner and the world: a proxy, as many of a company's own have, or servers that speak HTTP/2.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { few } from '../forms.ts';
import { openStage } from '../world/stage.ts';
import { populate } from './publishing.ts';

function passOn(incoming: IncomingMessage, answer: ServerResponse, url: string): void {
  const { method, headers } = incoming;
  const onwards = request(url, { method, headers }, got => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.pipe(answer);
  });
  incoming.pipe(onwards.on('error', () => answer.destroy()));
}

/** A proxy on loopback that remembers where to it was asked to go. */
async function openProxy() {
  const asked = new Set<string>();
  const server = createServer((incoming, answer) => {
    asked.add(new URL(incoming.url ?? '').host);
    passOn(incoming, answer, incoming.url ?? '');
  });
  server.on('connect', ({ url = '' }, client) => {
    asked.add(url);
    const { hostname, port } = new URL(`http://${url}`);
    const there = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      there.pipe(client).pipe(there);
    });
    for (const end of [there, client]) end.on('error', () => [there, client].map(each => each.destroy()));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

test.each(few(['http_proxy', 'HTTP_PROXY']))(
  'GitHub and what it keeps are asked through it, as Kustomer is (%s)',
  async name => {
    await using stage = await openStage();
    populate(stage);
    await stage.sync();
    stage.github.evictCaches();
    await using proxy = await openProxy();
    // Before 24.14, Node's own fetch goes past the proxy: nothing asks it.
    const nodeArgs = ['--import', 'data:text/javascript,delete globalThis.fetch'];
    const result = await stage.sync({ env: { [name]: proxy.url }, nodeArgs });
    expect(result.outputs, result.log).toMatchObject({ records: '0', 'state-generation': '2' });
    const blobs = stage.github.traffic.of('GetBlob').at(-1)?.headers.host;
    const hosts = [stage.github.apiUrl, stage.kustomer.url].map(url => new URL(url).host);
    expect([...proxy.asked].sort()).toEqual(expect.arrayContaining([...hosts, blobs]));

    proxy.asked.clear();
    expect((await stage.sync({ env: { [name]: proxy.url, no_proxy: '127.0.0.1' } })).exitCode).toBe(0);
    expect([...proxy.asked]).toEqual([]);
  },
);

/** A server with TLS in front of another one, which offers HTTP/2 as those of Kustomer may, and remembers what was spoken. */
async function openFront(folder: string, origin: string) {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...subject];
  execFileSync('openssl', [...made, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const spoken = new Set<string>();
  const options = { key: readFileSync(key), cert: readFileSync(certificate), allowHTTP1: true };
  const server = createSecureServer(options, (incoming, answer) => {
    spoken.add(incoming.httpVersion);
    if (incoming.httpVersion === '1.1')
      passOn(incoming as unknown as IncomingMessage, answer as unknown as ServerResponse, `${origin}${incoming.url}`);
    else answer.writeHead(500).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    spoken,
    certificate,
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise<void>(resolve => server.close(() => resolve())),
  };
}

test('Kustomer is spoken to by HTTP/1.1, also where its servers offer HTTP/2', async () => {
  await using stage = await openStage();
  populate(stage);
  await using front = await openFront(stage.root, stage.kustomer.url);
  const env = { NODE_EXTRA_CA_CERTS: front.certificate };
  const result = await stage.sync({ with: { 'api-url': front.url }, env });
  expect(result.outputs, result.log).toMatchObject({ complete: 'true' });
  expect([...front.spoken]).toEqual(['1.1']);
});

test.each(['Kustomer', 'GitHub'])('%s is asked through a proxy by TLS, too', async who => {
  await using stage = await openStage();
  populate(stage);
  await using front = await openFront(stage.root, who === 'GitHub' ? stage.github.apiUrl : stage.kustomer.url);
  await using proxy = await openProxy();
  const atFront = `data:text/javascript,process.env.GITHUB_API_URL = '${front.url}'`;
  const result = await stage.sync({
    with: { streams: 'tags', ...(who === 'Kustomer' && { 'api-url': front.url }) },
    env: { NODE_EXTRA_CA_CERTS: front.certificate, https_proxy: proxy.url },
    ...(who === 'GitHub' && { nodeArgs: ['--import', atFront] }),
  });
  expect(result.outputs, result.log).toMatchObject({ complete: 'true' });
  expect(result.annotations).toEqual([]);
  expect([...proxy.asked]).toContain(new URL(front.url).host);
});
