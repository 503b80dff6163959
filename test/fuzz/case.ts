// A case of the fuzzer is data: a seed always draws the same case, and its JSON describes it completely.
import type { Service } from '../world/intercept.ts';
import { mix, Random } from '../world/kustomer/index.ts';
import { drawMutation, type Mutation } from './mutations.ts';

/** Selects answers, and mutates them. */
export interface Rule {
  readonly service: Service;
  /** A name that `routeOf` gives; `*` for all. */
  readonly route: string;
  /** Number of matching requests that get the right answer first. */
  readonly skip: number;
  /** Number of matching requests after them whose answers are mutated. */
  readonly times: number;
  /** Whether the server handles the request all the same. */
  readonly works: boolean;
  readonly how: Mutation;
}

export interface Case {
  readonly seed: number;
  readonly destination: 'artifact' | 'branch' | 'artifact,branch';
  readonly pageSize: number;
  readonly format: 'flat' | 'raw';
  readonly compression: 'none' | 'gzip';
  /** With `auto` the action obeys the headers of the rate limit. */
  readonly pace: 'auto' | 'none';
  readonly debug: boolean;
  /** Whether an earlier run has saved a state. */
  readonly isSecond: boolean;
  readonly rules: readonly Rule[];
}

const ROUTES: Readonly<Record<Service, readonly string[]>> = {
  kustomer: [
    '*',
    '*',
    'live',
    'live',
    'archive',
    'users',
    'tags',
    'teams',
    'shortcuts',
    'notes',
    'klasses',
    'users/current',
  ],
  results: [
    '*',
    'GetCacheEntryDownloadURL',
    'CreateCacheEntry',
    'FinalizeCacheEntryUpload',
    'CreateArtifact',
    'FinalizeArtifact',
    'ListArtifacts',
  ],
  blobs: ['*', 'GET', 'HEAD', 'PUT', 'PUT block', 'PUT blocklist'],
  rest: [
    ...[
      '*',
      '*',
      'GET',
      'GET git/ref',
      'GET git/trees',
      'GET git/blobs',
      'GET git/commits',
      'POST git/blobs',
      'POST git/trees',
    ],
    ...[
      'POST git/commits',
      'POST git/refs',
      'PATCH git/refs',
      'GET actions/artifacts',
      'GET actions/runs',
      'GET actions/workflows',
    ],
  ],
};

/** Names an endpoint, without ids. */
export function routeOf(service: Service, method: string, url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://loopback');
  switch (service) {
    case 'kustomer':
      if (method === 'POST') return pathname.includes('/archive/') ? 'archive' : 'live';
      return pathname.slice('/v1/'.length);
    case 'results':
      return pathname.split('/').at(-1) ?? '';
    case 'blobs':
      return `${method} ${searchParams.get('comp') ?? ''}`.trim();
    case 'rest':
      return `${method} ${pathname.split('/').slice(4, 6).join('/')}`.trim();
  }
}

export function drawCase(seed: number): Case {
  const random = new Random(mix(seed, 77));
  const destination = random.pick(['artifact', 'artifact', 'branch', 'branch', 'artifact,branch'] as const);
  const isSecond = random.chance(0.4);
  const drawn: Case = {
    seed,
    destination,
    pageSize: random.pick([3, 10, 500]),
    format: random.pick(['flat', 'flat', 'raw']),
    compression: random.pick(['none', 'none', 'gzip']),
    pace: random.pick(['none', 'none', 'auto']),
    debug: random.chance(0.3),
    isSecond,
    rules: Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => drawRule(random, destination)),
  };
  // The toolkit logs the bodies of the results service for debugging: megabytes of indentation.
  const isDeep = drawn.rules.some(({ service, how }) => service === 'results' && JSON.stringify(how).length > 1_000);
  return { ...drawn, debug: drawn.debug && !isDeep };
}

function drawRule(random: Random, destination: Case['destination']): Rule {
  const service = random.pick<Service>(
    destination === 'branch' ? ['kustomer', 'rest'] : ['kustomer', 'kustomer', 'results', 'results', 'blobs', 'rest'],
  );
  const how = drawMutation(service, random);
  // Without a branch, REST is only asked for the backup of the state.
  const routes = service === 'rest' && destination === 'artifact' ? ['*', 'GET actions/artifacts'] : ROUTES[service];
  const route = random.pick(routes);
  const isSlow = how.kind === 'bomb' || (how.kind === 'transport' && /hang|trickle|byte/.test(how.how));
  return {
    service,
    route,
    skip: route === '*' ? random.pick([0, 1, 2, random.int(0, 12), random.int(0, 30)]) : random.pick([0, 0, 0, 0, 1]),
    times: isSlow ? random.int(1, 3) : random.pick([1, 1, 2, 4, 1_000]),
    works: random.chance(0.7),
    how,
  };
}
