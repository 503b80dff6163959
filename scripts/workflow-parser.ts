// Checks action.yml, the workflows and the examples with GitHub's own parser, and the inputs and secrets that they pass to
// callable workflows.
//
//   npm run workflows
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openWorkflowParser } from '../test/world/workflow/parser.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const workflows = ['.github/workflows', 'examples'].flatMap(folder =>
  readdirSync(join(root, folder)).map(name => `${folder}/${name}`),
);

const parser = await openWorkflowParser();
const wrong = parser.errorsInAction('action.yml', read('action.yml')).map(message => `action.yml: ${message}`);
for (const name of workflows) {
  for (const message of await parser.errorsInWorkflow(name, read(name))) wrong.push(`${name}: ${message}`);
}
for (const message of wrong) console.error(message);
if (wrong.length > 0) process.exit(1);
console.log(`action.yml and ${workflows.length} workflows pass the workflow parser of GitHub.`);
