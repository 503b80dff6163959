// Holds action.yml, the workflows and the examples against GitHub's own parser, and what a workflow calls against what is
// there to be called: inputs and secrets.
//
//   npm run workflows
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as Parser from '@actions/workflow-parser';
import type * as ActionParser from '@actions/workflow-parser/actions/action-parser';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

// It imports JSON in a way that Node refuses, so it is bundled first.
const bundled = join(root, 'tmp/workflow-checks/parser.cjs');
await build({
  stdin: {
    contents: `export * from '@actions/workflow-parser';
      export { parseAction } from '@actions/workflow-parser/actions/action-parser';`,
    resolveDir: root,
  },
  outfile: bundled,
  bundle: true,
  platform: 'node',
});
const {
  parseAction,
  parseWorkflow,
  convertWorkflowTemplate,
  NoOperationTraceWriter,
}: typeof Parser & typeof ActionParser = await import(bundled);
const trace = new NoOperationTraceWriter();

const names = ['.github/workflows', 'examples'].flatMap(folder =>
  readdirSync(join(root, folder)).map(name => `${folder}/${name}`),
);
const read = (name: string) => ({ name, content: readFileSync(join(root, name), 'utf8') });
/** The workflows of this repository, which the examples know by their published name. */
const provider = {
  getFileContent: async (ref: { path: string; owner?: string; repository?: string }) => {
    if (ref.owner !== undefined && `${ref.owner}/${ref.repository}` !== 'org/kustomer-sync')
      throw new Error(`${ref.owner}/${ref.repository} is not to be had here`);
    return read(ref.path);
  },
};

const results = [{ name: 'action.yml', context: parseAction(read('action.yml'), trace).context }];
for (const name of names) {
  const { context, value } = parseWorkflow(read(name), trace);
  if (value) await convertWorkflowTemplate(context, value, provider, { fetchReusableWorkflowDepth: 1 });
  results.push({ name, context });
}
const wrong = results.flatMap(({ name, context }) =>
  context.errors.getErrors().map(({ message }) => `${name}: ${message}`),
);
for (const message of wrong) console.error(message);
if (wrong.length > 0) process.exit(1);
console.log(`action.yml and ${names.length} workflows pass the workflow parser of GitHub.`);
