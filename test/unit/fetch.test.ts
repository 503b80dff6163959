// What octokit is given in place of Node's fetch, against a server.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { fetchUrl } from '../../src/github/fetch.ts';

async function openServer(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

test('sends method, headers and body, and reads status, headers and text', async () => {
  await using server = await openServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      response.writeHead(201, { 'content-type': 'application/json', 'x-test': 'é' });
      response.end(JSON.stringify({ method, url, token: headers.authorization, body: String(Buffer.concat(chunks)) }));
    });
  });
  const headers = { authorization: 'token t' };
  const answer = await fetchUrl(`${server.url}/a/b?c=d%20e`, { method: 'POST', headers, body: '{"x":"ü"}' });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([201, 'application/json']);
  expect(JSON.parse(await answer.text())).toEqual({
    method: 'POST',
    url: '/a/b?c=d%20e',
    token: 'token t',
    body: '{"x":"ü"}',
  });
});

test('unzips, as text and as bytes', async () => {
  await using server = await openServer((request, response) => {
    expect(request.headers['accept-encoding']).toBe('gzip');
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('grüße'));
  });
  expect(await (await fetchUrl(server.url)).text()).toBe('grüße');
  expect(Buffer.from(await (await fetchUrl(server.url)).arrayBuffer()).toString()).toBe('grüße');
});

test('follows a redirect, without the token to another host, unless it is to be the answer', async () => {
  await using elsewhere = await openServer((request, response) => {
    response.end(`${request.url} ${request.headers.authorization}`);
  });
  await using server = await openServer((request, response) => {
    if (request.url === '/renamed') response.end(String(request.headers.authorization));
    else if (request.url === '/away') response.writeHead(302, { location: `${elsewhere.url}/blob` }).end();
    else response.writeHead(301, { location: '/renamed' }).end();
  });
  const headers = { authorization: 'token t' };
  expect(await (await fetchUrl(`${server.url}/old`, { headers })).text()).toBe('token t');
  expect(await (await fetchUrl(`${server.url}/away`, { headers })).text()).toBe('/blob undefined');
  const answer = await fetchUrl(`${server.url}/away`, { headers, redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([302, `${elsewhere.url}/blob`]);
});

test('rejects when the connection breaks, in the middle of an answer too, and when the time is over', async () => {
  await using server = await openServer((request, response) => {
    if (request.url === '/reset') request.socket.resetAndDestroy();
    if (request.url === '/cut')
      response.writeHead(200, { 'content-length': '10' }).write('12345', () => request.socket.destroy());
  });
  await expect(fetchUrl(`${server.url}/reset`)).rejects.toThrow();
  await expect(fetchUrl(`${server.url}/cut`).then(answer => answer.text())).rejects.toThrow();
  await expect(fetchUrl(`${server.url}/hangs`, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/);
});
