// The key of `hash-fields`: what it makes of a value, and what may be kept of it.
import { createHmac, scryptSync } from 'node:crypto';
import type { HashValue } from './fields.ts';

/** HMAC-SHA-256, in hex. */
export function hashWith(key: string): HashValue {
  return json => createHmac('sha256', key).update(json).digest('hex');
}

/**
 * Tells two keys apart, in all runs: the salt is fixed. A guess at the key takes a tenth of a second, and learns 64 bits only.
 * The hashes in the records, which have no salt either, are cheaper to guess by.
 */
export function keyDigest(key: string): string {
  return scryptSync(key, 'kustomer-sync hash-key', 8, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 }).toString('hex');
}
