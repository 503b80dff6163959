// The part of the expression language that `with`, input defaults, `if` and `post-if` need: contexts, literals, the status
// functions, == != && || ! and parentheses.

export type JobStatus = 'success' | 'failure' | 'cancelled';

export interface Scope {
  github: Record<string, unknown>;
  runner: Record<string, unknown>;
  job: { status: JobStatus };
  env: Record<string, string>;
  steps: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>;
  secrets?: Record<string, string>;
}

/** Replaces every `${{ ... }}` in a text. */
export function interpolate(text: string, scope: Scope): string {
  return text.replace(/\$\{\{([\s\S]*?)\}\}/g, (_, expression: string) => asText(evaluate(expression, scope)));
}

/** `if:` and `post-if:`: the braces are optional, and without a status function `success()` is meant. */
export function condition(text: string, scope: Scope): boolean {
  const bare = text.trim().replace(/^\$\{\{([\s\S]*)\}\}$/, '$1');
  const asked = /\b(always|success|failure|cancelled)\s*\(/.test(bare);
  return truthy(evaluate(asked ? bare : `success() && (${bare})`, scope));
}

type Value = unknown;

function evaluate(expression: string, scope: Scope): Value {
  const tokens = expression.match(/'(?:[^']|'')*'|\d+(?:\.\d+)?|[A-Za-z_][\w-]*|==|!=|&&|\|\||[!().]|\S/g) ?? [];
  let at = 0;
  const fail = () => new Error(`cannot evaluate \${{${expression}}}`);
  const accept = (token: string) => tokens[at] === token && at++ >= 0;

  const or = (): Value => {
    let value = and();
    while (accept('||')) {
      const right = and();
      value = truthy(value) ? value : right;
    }
    return value;
  };
  const and = (): Value => {
    let value = equal();
    while (accept('&&')) {
      const right = equal();
      value = truthy(value) ? right : value;
    }
    return value;
  };
  const equal = (): Value => {
    const value = unary();
    if (accept('==')) return asText(value).toLowerCase() === asText(unary()).toLowerCase();
    if (accept('!=')) return asText(value).toLowerCase() !== asText(unary()).toLowerCase();
    return value;
  };
  const unary = (): Value => {
    if (accept('!')) return !truthy(unary());
    if (accept('(')) {
      const value = or();
      if (!accept(')')) throw fail();
      return value;
    }
    return primary();
  };
  const primary = (): Value => {
    const token = tokens[at++];
    if (token === undefined) throw fail();
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (/^\d/.test(token)) return Number(token);
    if (token === 'true' || token === 'false') return token === 'true';
    if (token === 'null') return null;
    if (accept('(')) {
      if (!accept(')')) throw fail();
      if (token === 'always') return true;
      if (token === 'success' || token === 'failure') return scope.job.status === token;
      if (token === 'cancelled') return scope.job.status === 'cancelled';
      throw fail();
    }
    if (!(token in scope) && !['inputs', 'strategy', 'matrix', 'needs', 'vars', 'secrets'].includes(token))
      throw fail();
    let value: Value = (scope as unknown as Record<string, unknown>)[token];
    while (accept('.')) {
      const name = tokens[at++];
      if (name === undefined) throw fail();
      value = (value as Record<string, unknown> | null | undefined)?.[name];
    }
    return value;
  };

  const value = or();
  if (at !== tokens.length) throw fail();
  return value;
}

function truthy(value: Value): boolean {
  return value !== undefined && value !== null && value !== false && value !== '' && value !== 0;
}

/** What is missing is the empty text, as on GitHub. */
function asText(value: Value): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
