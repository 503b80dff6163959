/**
 * GitHub's own parser of workflows and actions, with this repository as the only one that has callable workflows.
 *
 * The package imports JSON in a way that Node refuses, so it is bundled first.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Parser from '@actions/workflow-parser';
import type * as ActionParser from '@actions/workflow-parser/actions/action-parser';
import { build } from 'rolldown';

const ROOT = join(import.meta.dirname, '../../..');

export interface WorkflowParser {
  /** Everything that the parser finds wrong with a workflow, callable workflows that it calls included. */
  errorsInWorkflow(name: string, content: string): Promise<string[]>;
  /** Everything that the parser finds wrong with an action.yml. */
  errorsInAction(name: string, content: string): string[];
}

export async function openWorkflowParser(): Promise<WorkflowParser> {
  const { parseAction, parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = await load();
  const trace = new NoOperationTraceWriter();
  const provider = {
    getFileContent: async (ref: { path: string; owner?: string; repository?: string }) => {
      if (ref.owner !== undefined && `${ref.owner}/${ref.repository}` !== 'org/kustomer-sync')
        throw new Error(`There is no ${ref.owner}/${ref.repository} here`);
      return { name: ref.path, content: readFileSync(join(ROOT, ref.path), 'utf8') };
    },
  };
  const messages = ({ errors }: Pick<ReturnType<typeof parseWorkflow>['context'], 'errors'>) =>
    errors.getErrors().map(({ message }) => message);
  return {
    async errorsInWorkflow(name, content) {
      const { context, value } = parseWorkflow({ name, content }, trace);
      if (value) await convertWorkflowTemplate(context, value, provider, { fetchReusableWorkflowDepth: 1 });
      return messages(context);
    },
    errorsInAction: (name, content) => messages(parseAction({ name, content }, trace).context),
  };
}

async function load(): Promise<typeof Parser & typeof ActionParser> {
  const directory = mkdtempSync(join(tmpdir(), 'kustomer-sync-parser-'));
  try {
    await build({
      cwd: ROOT,
      input: { workflows: '@actions/workflow-parser', actions: '@actions/workflow-parser/actions/action-parser' },
      platform: 'node',
      output: { dir: directory, format: 'cjs', entryFileNames: '[name].cjs' },
      logLevel: 'warn',
    });
    const require = createRequire(import.meta.url);
    return { ...require(join(directory, 'workflows.cjs')), ...require(join(directory, 'actions.cjs')) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
