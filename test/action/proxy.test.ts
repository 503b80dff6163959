// A runner that reaches the world through a proxy, as many of a company's own do.
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { few } from '../forms.ts';
import { openStage } from '../world/stage.ts';
import { populate } from './publishing.ts';

/** A proxy on loopback that remembers where to it was asked to go. */
async function openProxy() {
  const asked = new Set<string>();
  const server = createServer((incoming, answer) => {
    asked.add(new URL(incoming.url ?? '').host);
    const { method, headers } = incoming;
    const onwards = request(incoming.url ?? '', { method, headers }, got => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    incoming.pipe(onwards.on('error', () => answer.destroy()));
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
    const result = await stage.sync({ env: { [name]: proxy.url } });
    expect(result.outputs, result.log).toMatchObject({ records: '0', 'state-generation': '2' });
    const blobs = stage.github.traffic.of('GetBlob').at(-1)?.headers.host;
    const hosts = [stage.github.apiUrl, stage.kustomer.url].map(url => new URL(url).host);
    expect([...proxy.asked].sort()).toEqual(expect.arrayContaining([...hosts, blobs]));

    proxy.asked.clear();
    expect((await stage.sync({ env: { [name]: proxy.url, no_proxy: '127.0.0.1' } })).exitCode).toBe(0);
    expect([...proxy.asked]).toEqual([]);
  },
);
