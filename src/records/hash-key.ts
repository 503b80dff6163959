// The key of `hash-fields`: what it makes of a value, and what may be kept of it.
import { createHmac, scryptSync } from 'node:crypto';
import type { HashValue } from './fields.ts';

/** HMAC-SHA-256, in hex. */
export function hashWith(key: string): HashValue {
  return json => createHmac('sha256', key).update(json).digest('hex');
}

/**
 * Tells two keys apart, and gives away neither: each guess takes a tenth of a second, and of 64 bits only. It is the same
 * in all runs, and so are hashes, which whoever reads the records has anyway.
 */
export function keyDigest(key: string): string {
  return scryptSync(key, 'kustomer-sync hash-key', 8, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 }).toString('hex');
}
