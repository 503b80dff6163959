// The GraphQL API, as far as the action uses it: the mutation `updateRefs`. It answers with status 200 also when it refuses.
import type { World } from './rest-call.ts';
import type { Answer, Call } from './server.ts';

export const GRAPHQL = { operation: 'graphql.updateRefs', path: '/graphql' };

interface RefUpdate {
  readonly name: string;
  readonly beforeOid?: string;
  readonly afterOid: string;
  readonly force?: boolean;
}

const NOTHING = '0'.repeat(40);

/** Makes all updates or none. */
export async function answerGraphql(world: World, call: Call, json: Record<string, unknown>): Promise<Answer> {
  const { query, variables } = json as { query?: unknown; variables?: { input?: Record<string, unknown> } };
  const mutation = /^mutation\(\$input: UpdateRefsInput!\) \{ updateRefs\(input: \$input\) \{ clientMutationId \} \}$/;
  if (typeof query !== 'string' || !mutation.test(query)) return refused(undefined, 'Parse error');
  if (call.token === undefined) return { status: 401, body: { message: 'Requires authentication' } };
  const { repositoryId, refUpdates = [] } = variables?.input ?? {};
  const repository = world.repositories.find(({ nodeId }) => nodeId === repositoryId);
  const permissions = repository?.tokens.get(call.token);
  if (repository === undefined || (permissions === undefined && repository.visibility !== 'public'))
    return refused('NOT_FOUND', `Could not resolve to a node with the global id of '${String(repositoryId)}'`);
  if (permissions?.contents !== 'write') return refused('FORBIDDEN', 'Resource not accessible by integration');
  const { git, protectedBranches } = repository;
  const updates = refUpdates as RefUpdate[];
  for (const { name, beforeOid, afterOid, force = false } of updates) {
    const now = (await git.ref(name)) ?? NOTHING;
    const rule = protectedBranches.get(name.replace('refs/heads/', ''));
    if (rule !== undefined) return refused('UNPROCESSABLE', rule);
    if ((await git.info(afterOid))?.type !== 'commit') return refused('UNPROCESSABLE', 'Object does not exist');
    if (beforeOid !== undefined && now !== beforeOid) return refused('UNPROCESSABLE', `Expected ${name} elsewhere`);
    if (!force && now !== NOTHING && !(await git.isAncestor(now, afterOid)))
      return refused('UNPROCESSABLE', 'Update is not a fast forward');
  }
  for (const { name, beforeOid, afterOid } of updates) {
    const from = beforeOid ?? (await git.ref(name));
    if (!(await git.moveRef(name, from === NOTHING ? undefined : from, afterOid)))
      return refused('UNPROCESSABLE', 'Reference cannot be updated');
  }
  return { status: 200, body: { data: { updateRefs: { clientMutationId: null } } } };
}

function refused(type: string | undefined, message: string): Answer {
  const error = { ...(type !== undefined && { type, path: ['updateRefs'] }), message };
  return { status: 200, body: { data: { updateRefs: null }, errors: [error] } };
}
