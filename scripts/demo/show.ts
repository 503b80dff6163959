// What the demo prints, for people at a terminal: the log with its noise folded, the summary without its Markdown.

/** Lines of ours; the others are what the libraries say while they load and save, and are counted. */
const OURS = /^(?:State: |Read |Reading |\w+: read |##\[(?:error|warning|notice)\]|::(?:error|warning|notice))/;

/** Prints the lines of a log as they come; `phase` is the step's, `main` or `post`. */
export function foldLog(print: (line: string) => void): (line: string, phase: string) => void {
  let lastPhase = '';
  let section = '';
  let folded = 0;
  const end = () => {
    if (folded > 0) print(`      (${folded} ${folded === 1 ? 'line' : 'lines'}, in log.txt)`);
    folded = 0;
  };
  return (line, phase) => {
    if (phase !== lastPhase) {
      end();
      print(`  ${phase === 'main' ? '' : 'Post '}Run org/kustomer-sync@v1`);
      section = '';
    }
    lastPhase = phase;
    const [, title] = /^(?:##\[group\]|::group::)(.*)$/.exec(line) ?? [];
    if (title !== undefined) {
      section = title;
      print(`    ▸ ${title}`);
    } else if (/^(?:##\[endgroup\]|::endgroup::)/.test(line)) {
      end();
      section = '';
    } else if (section === '' || OURS.test(line)) {
      print(`    ${section === '' ? '' : '  '}${line}`);
    } else folded++;
  };
}

/** The summary as text: tables in columns, links by their names. */
export function summaryAsText(markdown: string): string {
  const lines = markdown
    .replace(/<details><summary>(.*?)<\/summary>.*?<\/details>/gs, '▸ $1')
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/^## /gm, '')
    .replace(/^> \[!(\w+)\]$/gm, '$1')
    .replace(/^> ?/gm, '  ')
    .replaceAll('**', '')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .split('\n');
  const text: string[] = [];
  for (let n = 0; n < lines.length; ) {
    const end = lines.findIndex((line, m) => m >= n && !line.startsWith('|'));
    if (end > n) text.push(...tableAsText(lines.slice(n, end)));
    else text.push(lines[n++] ?? '');
    n = Math.max(n, end);
  }
  return text
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function tableAsText(rows: readonly string[]): string[] {
  const cells = rows
    .filter(row => !/^\|[\s:|-]+\|$/.test(row))
    .map(row =>
      row
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim()),
    );
  const widths = (cells[0] ?? []).map((_, n) => Math.max(...cells.map(row => row[n]?.length ?? 0)));
  const isNumber = (text = '') => /^[\d,–+]*$/.test(text);
  return cells.map(row =>
    row
      .map((cell, n) =>
        n > 0 && isNumber(cells[1]?.[n]) ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** A record with its lines, for a screen: what is long is cut. */
export function shorten(json: string): string {
  const lines = JSON.stringify(JSON.parse(json), null, 2).split('\n');
  const shown = lines.length > 24 ? [...lines.slice(0, 22), '  …', '}'] : lines;
  return shown.map(line => (line.length > 110 ? `${line.slice(0, 109)}…` : line)).join('\n');
}
