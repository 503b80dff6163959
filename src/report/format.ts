/** Formats numbers and durations for logs, messages and documents. Pure. */

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

/** A text that is not ours, such as what an API or an input says: on one line, without commands of the runner, and cut. */
export function oneLine(text: string, maxLength = 2_000): string {
  // A text of megabytes takes no longer than what is shown of it.
  const start = text.slice(0, 4 * maxLength);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  const line = start.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').replaceAll('##[', '## [');
  const safe = line.replace(/^\s*::/, ': :');
  const whole = start.length === text.length && safe.length <= maxLength;
  return whole ? safe : `${safe.slice(0, maxLength - 1)}…`;
}

/**
 * A text for Markdown: HTML, links, images, mentions, tables and emphasis in it do nothing. Code between backticks stays code.
 * Whatever comes into the summary and is not ours comes through here.
 */
export function inMarkdown(text: string, maxLength = 2_000): string {
  return oneLine(text, maxLength)
    .split(/(`[^`]+`)/)
    .map(part => (/^`[^`]+`$/.test(part) ? part : escapeMarkdown(part)))
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

/** A row of a table in Markdown. @param cells Markdown; what is still a bar then is in code */
export function row(...cells: readonly string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
