// What hostile answers are made of: statuses, bodies, headers, links, and JSON that stands for no sensible value.
import { MARK } from './records.ts';

export const STATUSES = [
  100, 204, 201, 202, 205, 206, 300, 301, 302, 303, 304, 307, 308, 400, 404, 405, 408, 409, 410, 411, 413, 418, 422,
  425, 429, 451, 499, 500, 501, 502, 503, 504, 507, 520, 599, 600, 999, 403, 401,
];
/** Not even a status. */
export const ODD_STATUSES = [99, 0, 1000];
export const BODIES = [
  '',
  '<html><body><h1>403 Forbidden</h1></body></html>',
  '{"errors":[]}',
  '{"data":null}',
  `{"message":"${MARK}"}`,
  '{}',
  'null',
  '"',
  MARK,
];

const RETRY_TIMES = [
  '0',
  '1',
  '-1',
  '1e9',
  '1e400',
  '99999999999999999999',
  'Infinity',
  'NaN',
  '',
  'soon',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  '0x10',
  '2.5',
  '1, 2',
];
const RATE_LIMITS = [
  'Infinity',
  '-Infinity',
  'NaN',
  '0',
  '-1',
  '1',
  '1e308',
  '1e-308',
  '',
  'many',
  '299.5',
  '9007199254740993',
  '1000, 1000',
];
const DATES = [
  'Thu, 01 Jan 1970 00:00:00 GMT',
  '-271821-04-20T00:00:00.000Z',
  '+275760-09-13T00:00:00.000Z',
  'yesterday',
  '',
  'Fri, 31 Dec 9999 23:59:59 GMT',
  '0',
];

export const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'retry-after': RETRY_TIMES,
  'x-ratelimit-limit': RATE_LIMITS,
  'x-ratelimit-remaining': RATE_LIMITS,
  'x-ratelimit-reset': RETRY_TIMES,
  date: DATES,
  'content-type': [
    'text/html',
    'application/octet-stream',
    '',
    'application/json; charset=utf-16',
    'multipart/form-data',
    'image/png',
  ],
  'set-cookie': [`a=${MARK}`],
  link: ['<https://foreign.invalid/>; rel="next"', '</>; rel="next"', '<>; rel=next', MARK],
  etag: [MARK],
  location: [
    '{foreign-origin}/',
    '{foreign-origin}/v1/users',
    '//foreign.invalid/',
    '/',
    '',
    '\\\\foreign.invalid',
    `/${MARK}`,
  ],
};

/** JSON texts that stand for no sensible value. */
export const VALUES = [
  'null',
  'true',
  '""',
  '0',
  '-1',
  '1e15',
  '1e400',
  '-1e400',
  '0.5',
  '9007199254740993',
  '"1e15"',
  '[]',
  '{}',
  '[null]',
  '{"__proto__":{"a":1}}',
  `"${MARK}"`,
  `"${MARK}\\n::error::${MARK}"`,
  `${'['.repeat(2_000)}${']'.repeat(2_000)}`,
  `${'['.repeat(4_000)}${']'.repeat(4_000)}`,
  '"\\ud800"',
  '"NaN"',
];

/** `{foreign-origin}` is a server that must never be asked anything. */
export const LINKS = [
  '"{foreign-origin}/v1/users?page=2"',
  '"//{foreign-host}/v1/users"',
  '"\\\\\\\\{foreign-host}\\\\v1"',
  '"/\\\\{foreign-host}/v1"',
  '"/\\t/{foreign-host}/v1"',
  '"https:/{foreign-host}/"',
  '"http://user:pass@{foreign-host}/"',
  '"?page=2"',
  '"#"',
  '"/v1/nothing"',
  '"/v1/users?page=1"',
  '"javascript:1"',
  '"http://[::1"',
  '" "',
  '"/v1/users?page=2\\r\\nx: y"',
  `"/v1/${'x'.repeat(70_000)}"`,
  '"/v1/us\u2028ers"',
  '"http://127.0.0.1:99999/"',
  '"file:///etc/passwd"',
  ...['5', 'true', '[]', '{}', '[null]', 'false', '0'],
];

export const TOPS: readonly [name: string, json: string][] = [
  ['errors', '[{"code":"internal"}]'],
  ['errors', `[{"message":"${MARK}"}]`],
  ['errors', '{}'],
  ['errors', '"x"'],
  ['errors', 'null'],
  ['meta', 'null'],
  ['meta', '5'],
  ['meta', '[]'],
  ['links', 'null'],
  ['links', '[]'],
  ['links', '"x"'],
  ['data', 'null'],
  ['data', '{}'],
  ['data', '"x"'],
  ['data', '5'],
  ['data', '[[]]'],
  ['__proto__', '{"data":[]}'],
  ['included', `[{"id":"${MARK}"}]`],
  ['deep', `${'['.repeat(2_000)}${']'.repeat(2_000)}`],
  ['deep', `${'{"a":'.repeat(4_000)}1${'}'.repeat(4_000)}`],
  ['deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
];
