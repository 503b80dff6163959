// Two Singer taps, as far as their requests go: one request at a time, nothing of the archive, nothing kept. Whatever else
// they do (schemas, a line for each record) is left out, so they are faster here than they are.
//
//   node bench/taps.ts <origin> <key> <singer or meltano>
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';

const [origin = '', key, which] = process.argv.slice(2);
const CONTEXTS = ['customer', 'kobject', 'conversation', 'message', 'note'];
const LISTS = ['users', 'teams', 'tags', 'shortcuts'];
const agent = new Agent({ connections: 1 });
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' };
const ids = new Set<string>();
let isTokenChecked = false;

interface Page {
  readonly data: readonly { readonly id: string; readonly attributes: { readonly updatedAt: string } }[];
  readonly links: { readonly next?: string | null };
}

async function request(path: string, body?: object): Promise<Page> {
  const options = body === undefined ? {} : ({ method: 'POST', body: JSON.stringify(body) } as const);
  const answer = await agent.request({ method: 'GET', ...options, origin, path, headers });
  const text = await answer.body.text();
  if (answer.statusCode === 429) {
    await sleep(Math.max(0, Number(answer.headers['x-ratelimit-reset']) * 1_000 - Date.now()));
    return request(path, body);
  }
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} for ${path}`);
  return JSON.parse(text) as Page;
}

async function read(path: string, body?: object): Promise<Page> {
  // singer-io/tap-kustomer looks for a field that no answer has, so it checks its key before each request.
  if (which === 'singer' || !isTokenChecked) await request('/v1/users/current');
  isTokenChecked = true;
  const page = await request(path, body);
  for (const { id } of page.data) ids.add(id);
  return page;
}

const searchFor = (context: string, from: object) => ({
  queryContext: context,
  and: [{ [`${context}_updated_at`]: from }],
  sort: [{ [`${context}_updated_at`]: 'asc' }],
});

/** singer-io/tap-kustomer: the first page only, from the last time on. */
async function singer(context: string): Promise<void> {
  for (let from = '2000-01-01T00:00:00Z'; ; ) {
    const { data, links } = await read('/v1/customers/search?pageSize=500', searchFor(context, { gte: from }));
    if (data.length === 0 || (links.next ?? null) === null) return;
    from = data.at(-1)?.attributes.updatedAt as string;
  }
}

/** MeltanoLabs/tap-kustomer: a hundred pages of a hundred, then on from after the last time. */
async function meltano(context: string): Promise<void> {
  for (let from = '2000-01-01T00:00:00Z'; ; ) {
    for (let number = 1; number <= 100; number++) {
      const path = `/v1/customers/search?page=${number}&pageSize=100`;
      const { data, links } = await read(path, searchFor(context, { gt: from }));
      if (data.length === 0 || (links.next ?? null) === null) return;
      if (number === 100) from = data.at(-1)?.attributes.updatedAt as string;
    }
  }
}

for (const context of CONTEXTS) await (which === 'singer' ? singer(context) : meltano(context));
for (const list of LISTS) {
  for (let number = 1; ; number++) {
    const { links } = await read(`/v1/${list}?page=${number}&pageSize=100`);
    if ((links.next ?? null) === null) break;
  }
}
await agent.close();
console.log(ids.size);
