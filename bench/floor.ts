// The floor: the least that could be done with the same pages. It fetches them, parses them, serializes each record and
// writes it to a file; it knows no limits, no state, no retries, and trusts whatever it is told.
//
//   node bench/floor.ts <origin> <key> <file with the requests to make> <file to write> <requests in flight>
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { Agent } from 'undici';

const [origin = '', key, plan = '', file = '', inFlight = '10'] = process.argv.slice(2);
const requests = JSON.parse(readFileSync(plan, 'utf8')) as { path: string; body: unknown }[];
const agent = new Agent({ connections: Number(inFlight) });
const out = createWriteStream(file);
const headers = {
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
  accept: 'application/json',
};

async function worker(): Promise<void> {
  for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
    const { path, body } = next;
    const answer = await agent.request({ origin, path, method: 'POST', headers, body: JSON.stringify(body) });
    const { data } = JSON.parse(await answer.body.text()) as { data: unknown[] };
    let lines = '';
    for (const record of data) lines += `${JSON.stringify(record)}\n`;
    if (!out.write(lines)) await once(out, 'drain');
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, worker));
out.end();
await once(out, 'finish');
await agent.close();
