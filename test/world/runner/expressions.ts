// The expression language, as GitHub's own package evaluates it, with the functions that only a runner can answer.
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

export type JobStatus = 'success' | 'failure' | 'cancelled';

export interface Scope {
  github: Record<string, unknown>;
  runner: Record<string, unknown>;
  job: { status: JobStatus };
  env: Record<string, string>;
  steps: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>;
  secrets?: Record<string, string>;
  /** `inputs`, `matrix`, `needs`, `strategy`, `vars`: what a workflow brings. */
  contexts?: Contexts;
}

export type Contexts = Record<string, unknown>;

/** What evaluates an expression: the contexts, and how things went, for success(), failure() and cancelled(). */
interface Known {
  contexts: Contexts;
  /** `skipped`: something that this needs did not run, which is neither a success nor a failure. */
  status: JobStatus | 'skipped';
}

const CONTEXTS = [
  'github',
  'runner',
  'job',
  'env',
  'steps',
  'secrets',
  'inputs',
  'matrix',
  'needs',
  'strategy',
  'vars',
  'jobs',
];

const known = ({ contexts = {}, ...scope }: Scope): Known => ({
  contexts: { ...contexts, ...scope },
  status: scope.job.status,
});

/** Replaces every `${{ ... }}` in a text. */
export function interpolate(text: string, scope: Scope): string {
  return fill(text, known(scope));
}

/** `if:` and `post-if:` of a step. */
export function condition(text: string, scope: Scope): boolean {
  return holds(text, known(scope));
}

const EXPRESSION = /\$\{\{((?:'(?:[^']|'')*'|[\s\S])*?)\}\}/g;

export function fill(text: string, about: Known): string {
  return text.replace(EXPRESSION, (_, expression: string) => evaluate(expression, about).coerceString());
}

/** A value of a workflow: where a text is nothing but one expression, what that gives, be it a list or an object. */
export function valued(value: unknown, about: Known): unknown {
  if (Array.isArray(value)) return value.map(each => valued(each, about));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, valued(each, about)]));
  if (typeof value !== 'string') return value;
  const whole = /^\s*\$\{\{((?:'(?:[^']|'')*'|(?!\}\})[\s\S])*)\}\}\s*$/.exec(value)?.[1];
  return whole === undefined ? fill(value, about) : plain(evaluate(whole, about));
}

/** `if:`: the braces are optional, and without a status function `success()` is meant. */
export function holds(text: string, about: Known): boolean {
  const bare = text.trim().replace(/^\$\{\{([\s\S]*)\}\}$/, '$1');
  const asked = /\b(always|success|failure|cancelled)\s*\(/.test(bare);
  const result = evaluate(`!!(${asked ? bare : `success() && (${bare})`})`, about);
  return result.coerceString() === 'true';
}

function evaluate(expression: string, { contexts, status }: Known): data.ExpressionData {
  const answer = (name: string, value: boolean) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  });
  const functions = [
    answer('always', true),
    answer('success', status === 'success'),
    answer('failure', status === 'failure'),
    answer('cancelled', status === 'cancelled'),
  ];
  try {
    const parser = new Parser(new Lexer(expression.trim()).lex().tokens, CONTEXTS, functions);
    const everything = dataOf(Object.fromEntries(CONTEXTS.map(name => [name, contexts[name] ?? {}])));
    const byName = new Map(functions.map(each => [each.name, each]));
    return new Evaluator(parser.parse(), everything as data.Dictionary, byName).evaluate() ?? new data.Null();
  } catch (error) {
    throw new Error(`cannot evaluate \${{${expression}}}: ${(error as Error).message}`);
  }
}

/** What is missing is null, which is the empty text in a text. */
function dataOf(value: unknown): data.ExpressionData {
  return value === undefined
    ? new data.Null()
    : (JSON.parse(JSON.stringify(value), data.reviver) as data.ExpressionData);
}

function plain(value: data.ExpressionData): unknown {
  return JSON.parse(JSON.stringify(value, data.replacer));
}
