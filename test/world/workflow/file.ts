// A workflow file as far as the interpreter goes. What it does not know it refuses, so that nothing is passed over in
// silence; whether GitHub would take the file is for scripts/workflow-parser.ts to say.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Level, Permissions } from '../github/repository.ts';

export interface Workflow {
  readonly path: string;
  readonly name: string;
  readonly on: Record<string, Trigger | null>;
  readonly permissions: Permissions | undefined;
  readonly concurrency: Concurrency | undefined;
  readonly jobs: Record<string, Job>;
}

export interface Trigger {
  readonly inputs?: Record<string, Input>;
  readonly secrets?: Record<string, { required?: boolean } | null>;
  readonly outputs?: Record<string, { value: string }>;
}

export interface Input {
  readonly type?: 'string' | 'boolean' | 'number';
  readonly required?: boolean;
  readonly default?: unknown;
}

export interface Concurrency {
  readonly group: string;
}

export interface Job {
  readonly name?: string;
  readonly needs: readonly string[];
  readonly if?: string;
  readonly permissions: Permissions | undefined;
  readonly concurrency: Concurrency | undefined;
  readonly strategy?: { readonly matrix: unknown; readonly 'max-parallel'?: unknown };
  readonly env?: Record<string, unknown>;
  readonly outputs?: Record<string, string>;
  readonly steps?: readonly Step[];
  /** A call of another workflow, in place of steps. */
  readonly uses?: string;
  readonly with?: Record<string, unknown>;
  readonly secrets?: Record<string, string>;
}

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Record<string, unknown>;
  readonly run?: string;
  readonly shell?: 'bash';
  readonly env?: Record<string, unknown>;
  readonly 'working-directory'?: string;
  readonly 'timeout-minutes'?: number;
  readonly 'continue-on-error'?: boolean;
}

const TOP = ['name', 'on', 'permissions', 'concurrency', 'jobs'];
const TRIGGERS = ['schedule', 'workflow_dispatch', 'workflow_call'];
const JOB =
  'name needs if permissions concurrency strategy env outputs steps uses with secrets runs-on timeout-minutes';
const STEP = 'id name if uses with run shell env working-directory timeout-minutes continue-on-error';

type Raw = Record<string, unknown>;

export async function readWorkflow(path: string, edit = (text: string) => text): Promise<Workflow> {
  const raw = parse(edit(await readFile(path, 'utf8'))) as Raw;
  known(path, raw, TOP);
  known(`${path}: on`, raw.on as Raw, TRIGGERS);
  return {
    path,
    name: String(raw.name ?? path),
    on: raw.on as Workflow['on'],
    permissions: permissionsOf(raw.permissions),
    concurrency: concurrencyOf(path, raw.concurrency),
    jobs: Object.fromEntries(
      Object.entries(raw.jobs as Raw).map(([id, job]) => [id, jobOf(`${path}: ${id}`, job as Raw)]),
    ),
  };
}

function jobOf(where: string, raw: Raw): Job {
  known(where, raw, JOB.split(' '));
  for (const step of (raw.steps ?? []) as Raw[]) known(`${where}: a step`, step, STEP.split(' '));
  const strategy = raw.strategy as Raw | undefined;
  if (strategy !== undefined) {
    known(`${where}: strategy`, strategy, ['matrix', 'max-parallel', 'fail-fast']);
    if (strategy['fail-fast'] !== false) throw new Error(`${where}: only fail-fast: false is played here`);
  }
  const needs = raw.needs ?? [];
  return {
    ...(raw as Partial<Job>),
    needs: Array.isArray(needs) ? needs.map(String) : [String(needs)],
    permissions: permissionsOf(raw.permissions),
    concurrency: concurrencyOf(where, raw.concurrency),
  };
}

/** What is not named is `none`; undefined when nothing is said. Permissions that no simulated API asks for are kept too. */
function permissionsOf(raw: unknown): Permissions | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (typeof raw === 'object') return raw as Permissions;
  const level: Level = raw === 'write-all' ? 'write' : 'read';
  return { actions: level, contents: level };
}

function concurrencyOf(where: string, raw: unknown): Concurrency | undefined {
  if (raw === undefined) return undefined;
  const { group, queue, ...others } = raw as Raw;
  if (queue !== 'max' || Object.keys(others).length > 0) throw new Error(`${where}: only queue: max is played here`);
  return { group: String(group) };
}

function known(where: string, raw: Raw, names: readonly string[]): void {
  const unknown = Object.keys(raw).filter(name => !names.includes(name));
  if (unknown.length > 0) throw new Error(`${where}: ${unknown.join(', ')} is not played here`);
}
