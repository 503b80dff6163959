// GitHub's own words, in our messages. They never quote a record.
import { foreignWords } from '../errors.ts';

/** For a message, after what was refused: ` (403: Repository was archived so is read-only)`. Empty without an answer. */
export function cite(status: number, reason: string): string {
  const words = foreignWords([reason.replace(/[\s.:]* - https:\/\/.*|[\s.:]+$/s, '')], [], false);
  return status === 0 ? '' : ` (${status}${words === '' ? '' : `: ${words}`})`;
}
