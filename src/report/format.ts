/** Formats numbers, durations and foreign texts for logs, messages and documents. Pure. */
import { oneLine } from '../errors.ts';

/** A duration given in milliseconds: `850 ms`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

/** A time (ms since the epoch) to the second: `26 Nov 2026 10:59:12 UTC`. */
export function utc(at: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(new Date(at).toUTCString()) ?? [];
  return day === undefined ? 'an unknown time' : `${Number(day)} ${month} ${year} ${time} UTC`;
}

/**
 * A number of at most two decimals with a comma after each three digits: `12,345`. `toLocaleString` would load tables
 * of locales that take 5 MB of memory.
 */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A number of bytes: `11 kB`, `1.3 MB`. */
export function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${grouped(Math.round(bytes / 1e5) / 10)} MB`;
}

export function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** A count with its noun: `1 record`, `12,345 records`. */
export function plural(n: number, noun: string): string {
  return `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/**
 * A text for Markdown: HTML, links, images, mentions, tables and emphasis in it do nothing. Code between backticks stays code,
 * unless it could end a cell of a table. Whatever comes into the summary and is not ours comes through here.
 */
export function inMarkdown(text: string, maxLength = 2_000): string {
  return oneLine(text, maxLength)
    .split(/(`[^`]+`)/)
    .map(part => (/^`[^`|\\]+`$/.test(part) ? part : escapeMarkdown(part)))
    .join('');
}

function escapeMarkdown(text: string): string {
  return text
    .replace(/[&<>[\]*~|\\`@#!$]|(?<!\w)_|_(?!\w)|:(?=\/\/)/g, found => `&#${found.charCodeAt(0)};`)
    .replace(/\bwww\./gi, 'www&#46;');
}

/** A text as code in Markdown. */
export function asCode(text: string, maxLength = 200): string {
  return `\`${oneLine(text, maxLength).replaceAll('`', "'")}\``;
}

/** A link in Markdown; the text alone where there is no address. */
export function linkTo(text: string, url: string | undefined): string {
  const shown = inMarkdown(text, 200);
  return url === undefined ? shown : `[${shown}](${url.slice(0, 1_000).toWellFormed().replace(NOT_IN_LINKS, percent)})`;
}

/** Also what ends a link, a cell of a table or a tag. */
const NOT_IN_LINKS = /[^\w/.:?#&=%+,;@~-]/gu;

/** As in an address: parentheses, too, which `encodeURIComponent` leaves as they are. */
function percent(char: string): string {
  return [...Buffer.from(char)].map(byte => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}

/** A row of a table in Markdown. @param cells Markdown without a bar */
export function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
