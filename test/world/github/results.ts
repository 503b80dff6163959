// The results service: Twirp over JSON for the cache and the artifact service
// (docs/actions-platform.md#results-service).
import type { Artifacts } from './artifacts.ts';
import { type Caches, twirp } from './caches.ts';
import { type Answer, type Call, type LoopbackServer, serve } from './server.ts';
import { claimsOf, type RuntimeClaims } from './token.ts';
import type { Traffic } from './traffic.ts';

type Method = (claims: RuntimeClaims, request: Record<string, unknown>) => Answer | Promise<Answer>;

const PATH = /^\/twirp\/github\.actions\.results\.api\.v1\.(CacheService|ArtifactService)\/(\w+)$/;

export async function startResults(options: {
  traffic: Traffic;
  caches: Caches;
  artifacts: Artifacts;
}): Promise<LoopbackServer> {
  const { caches, artifacts } = options;
  const methods: Record<string, Method> = {
    'CacheService/CreateCacheEntry': (claims, request) => caches.create(claims, request),
    'CacheService/FinalizeCacheEntryUpload': (claims, request) => caches.finalize(claims, request),
    'CacheService/GetCacheEntryDownloadURL': (claims, request) => caches.find(claims, request),
    'ArtifactService/CreateArtifact': (claims, request) => artifacts.create(claims, request),
    'ArtifactService/FinalizeArtifact': (claims, request) => artifacts.finalize(claims, request),
    'ArtifactService/ListArtifacts': (claims, request) => artifacts.listTwirp(claims, request),
    'ArtifactService/GetSignedArtifactURL': (claims, request) => artifacts.signedUrl(claims, request),
    'ArtifactService/DeleteArtifact': (claims, request) => artifacts.deleteTwirp(claims, request),
  };

  function answer(call: Call): Answer | Promise<Answer> {
    const claims = claimsOf(call.token);
    if (!claims) throw twirp(401, 'unauthenticated', 'the token is missing or is no runtime token');
    const method = methods[`${call.params.service}/${call.operation}`];
    if (!method) throw twirp(404, 'bad_route', `no method ${call.operation}`);
    return method(claims, parse(call.body));
  }

  return serve({
    name: 'results',
    traffic: options.traffic,
    identify: (method, url) => {
      const match = method === 'POST' ? PATH.exec(url.pathname) : null;
      return match ? { operation: match[2] ?? '', params: { service: match[1] ?? '' } } : undefined;
    },
    answer,
  });
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Answered below, together with JSON that is no object.
  }
  throw twirp(400, 'malformed', 'the json request could not be decoded');
}
