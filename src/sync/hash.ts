/**
 * 64 bits: two FNV-1a hashes with different offsets. They tell versions and sets of records apart, and keep no secret.
 */
export function hash64(text: string): bigint {
  let [high, low] = [0x811c9dc5, 0x9747b28c];
  for (let n = 0; n < text.length; n++) {
    high = Math.imul(high ^ text.charCodeAt(n), 0x01000193);
    low = Math.imul(low ^ text.charCodeAt(n), 0x85ebca6b);
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
