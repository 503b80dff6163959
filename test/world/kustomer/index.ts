// The Kustomer simulator: a world of records, a server before it, faults on demand, and the truth to compare with.
export type { SearchKind } from './criteria.ts';
export type { Answer } from './envelope.ts';
export { EXOTIC } from './exotic.ts';
export { type ActiveFault, type Fault, type FaultRule, Faults, type Match, WRONG_ORG } from './faults.ts';
export type { Klass, KlassStatus, Query } from './lists.ts';
export { type LoggedRequest, type RequestFilter, RequestLog } from './log.ts';
export { mix, Random } from './random.ts';
export type { SpoiledUpdatedAt } from './rows.ts';
export { KustomerServer, type RequestHook, type ServerOptions, startKustomer } from './server.ts';
export { ALL_STREAMS, isFixed, LISTED, SEARCHED, STREAMS, STREAMS_BY_NAME, type Stream } from './streams.ts';
export type { Tweak } from './tweak.ts';
export {
  type Counts,
  type CreateOptions,
  DEFAULT_TOKEN,
  KustomerWorld,
  type Resource,
  type Spread,
  type TokenGrant,
  type Truth,
  type UpdateOptions,
  type Visibility,
  type WorldOptions,
} from './world.ts';
