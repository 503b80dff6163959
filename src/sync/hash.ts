/** 64 bits of some bytes: two FNV-1a hashes with different offsets and primes. For telling apart, not for secrets. */
export function hash64(bytes: Uint8Array): bigint {
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let n = 0; n < bytes.length; n++) {
    high = Math.imul(high ^ (bytes[n] as number), 0x01000193);
    low = Math.imul(low ^ (bytes[n] as number), 0x85ebca6b);
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
