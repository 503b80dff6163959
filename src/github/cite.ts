/** GitHub's own words, in our messages. */

const MAX_CHARACTERS = 200;

/** For a message, after what was refused: ` (403: Repository was archived so is read-only)`. Empty without an answer. */
export function cite(status: number, reason: string): string {
  const [text = ''] = reason.split(' - https://');
  const short = text
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_CHARACTERS)
    .replace(/[\s.:]+$/, '');
  return status === 0 ? '' : ` (${status}${short === '' ? '' : `: ${short}`})`;
}
