/**
 * A number from outside, as a whole number from `min` to `max`; undefined for anything else, as if it were absent. Text
 * is read as a number, since headers are text.
 */
export function wholeWithin(value: unknown, min: number, max: number): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined;
  const number = Number(value);
  return Number.isInteger(number) && number >= min && number <= max ? number : undefined;
}
