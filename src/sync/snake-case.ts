/** From camelCase to snake_case, by the rule of the Singer tap (docs/reading-the-data.md#records). Pure. */
export function snakeCase(key: string): string {
  return key
    .replace(/([^\n])([A-Z][a-z]+)/gu, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
