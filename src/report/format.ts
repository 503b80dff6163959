/** Formats numbers and durations for logs, messages and documents. Pure. */

/** A duration given in milliseconds: `850 ms`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * A number of at most two decimals with a comma after each three digits: `12,345`. `toLocaleString` would load tables
 * of locales that take 5 MB of memory.
 */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A count with its noun: `1 record`, `12,345 records`. */
export function plural(n: number, noun: string): string {
  return `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;
}
