// Workflows as they are in the repository; only where Kustomer is, and how much at once, is of the simulated world.
import { DEFAULT_TOKEN } from '../world/kustomer/index.ts';
import { ACTION, type Stage } from '../world/stage.ts';
import { runWorkflow, type WorkflowOptions, type WorkflowRun } from '../world/workflow/index.ts';

/** @param file in examples/ */
export function playExample(stage: Stage, file: string, options: Partial<WorkflowOptions> = {}): Promise<WorkflowRun> {
  return runWorkflow({
    action: ACTION,
    github: stage.github,
    root: stage.root,
    file: `examples/${file}`,
    secrets: { KUSTOMER_TOKEN: DEFAULT_TOKEN },
    ...options,
    with: {
      'api-url': stage.kustomer.url,
      'search-requests-per-minute': '100000',
      'requests-per-minute': '100000',
      settle: '0s',
      ...options.with,
    },
  });
}
