// The runtime token of a job: which run it belongs to and which cache scopes it may read and write. The toolkit never
// checks the signature, so neither does the fake (docs/actions-platform.md#runtime-token).

/** Bits: 1 reads, 2 writes (docs/actions-platform.md#runtime-token). */
export interface CacheScope {
  scope: string;
  permission: 0 | 1 | 2 | 3;
}

export interface RuntimeTokenOptions {
  runId: number | string;
  jobId?: string;
  scopes?: CacheScope[];
}

export interface RuntimeClaims {
  runId: string;
  jobId: string;
  scopes: CacheScope[];
}

export interface ScopeOptions {
  ref: string;
  defaultBranch: string;
  /** Of a pull request: the branch it is to be merged into. */
  baseRef?: string;
  /** As for events that outsiders can fire. */
  readOnly?: boolean;
}

/** A run reads its own ref, then the base of its pull request, then the default branch; it writes only its own ref. */
export function scopesOf(options: ScopeOptions): CacheScope[] {
  const refs = [options.ref, options.baseRef && `refs/heads/${options.baseRef}`, `refs/heads/${options.defaultBranch}`];
  return [...new Set(refs.filter(ref => ref !== undefined && ref !== ''))].map((scope, index) => ({
    scope: scope as string,
    permission: index === 0 && !options.readOnly ? 3 : 1,
  }));
}

export function runtimeToken(options: RuntimeTokenOptions): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const ac = JSON.stringify(
    (options.scopes ?? []).map(({ scope, permission }) => ({ Scope: scope, Permission: permission })),
  );
  const claims = {
    scp: `Actions.Results:${options.runId}:${options.jobId ?? 'job'} Actions.GenericRead:00000000-0000-0000-0000-000000000000`,
    ac,
    iss: 'https://token.actions.githubusercontent.com',
    exp: Math.floor(Date.now() / 1000) + 6 * 3600,
  };
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('unsigned').toString('base64url')}`;
}

/** Undefined when this is no runtime token. */
export function claimsOf(token: string | undefined): RuntimeClaims | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<
      string,
      unknown
    >;
    const scope = String(claims.scp)
      .split(' ')
      .map(item => item.split(':'))
      .find(([name, ...ids]) => name === 'Actions.Results' && ids.length === 2);
    if (!scope) return undefined;
    const ac = JSON.parse(typeof claims.ac === 'string' ? claims.ac : '[]') as Array<{
      Scope: string;
      Permission: number;
    }>;
    return {
      runId: scope[1] ?? '',
      jobId: scope[2] ?? '',
      scopes: ac.map(item => ({ scope: item.Scope, permission: (item.Permission & 3) as CacheScope['permission'] })),
    };
  } catch {
    return undefined;
  }
}
