// GitHub's command line, as far as the documents use it to ask the API: `gh api [--paginate] [--method M] PATH [--jq FILTER]`
// and `gh workflow run FILE`.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { GH_API = '', GH_TOKEN = '' } = process.env;
const REPOSITORY = /^repos\/\{owner\}\/\{repo\}/;

async function ask(url: string, method: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${GH_TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** What jq gives, by jq where there is one. */
function filtered(text: string, filter: string): string {
  const { status, stdout, stderr } = spawnSync('jq', ['-r', filter], { input: text, encoding: 'utf8' });
  if (status === 0) return stdout;
  if (status !== null) throw new Error(stderr);
  const [, list, name, run] =
    /^\.(\w+)\[\] \| select\(\.name \| startswith\("(.*)"\)\) \| select\(\.workflow_run\.id < (\d+)\) \| \.id$/.exec(
      filter,
    ) ?? [];
  if (list === undefined) throw new Error(`nobody here knows what ${filter} gives`);
  type Named = { id: number; name: string; workflow_run: { id: number } };
  const found = (JSON.parse(text)[list] as Named[]).filter(each => each.name.startsWith(name ?? ''));
  return found.flatMap(each => (each.workflow_run.id < Number(run) ? `${each.id}\n` : [])).join('');
}

const options = { paginate: { type: 'boolean' }, method: { type: 'string' }, jq: { type: 'string' } } as const;
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const [command, path = '', file = ''] = positionals;
if (command === 'workflow') await ask(`${GH_API}/actions/workflows/${file}/dispatches`, 'POST', { ref: 'main' });
else {
  if (!REPOSITORY.test(path)) throw new Error(`${path} is not of the repository`);
  for (let url: string | undefined = path.replace(REPOSITORY, GH_API); url !== undefined; ) {
    const answer: Response = await ask(url, values.method ?? 'GET');
    const text = await answer.text();
    if (text !== '') process.stdout.write(values.jq === undefined ? text : filtered(text, values.jq));
    const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    url = values.paginate ? next : undefined;
  }
}
