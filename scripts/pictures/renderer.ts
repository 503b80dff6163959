// Draws what people see, as GitHub shows it: Markdown and logs, in both themes.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ActionResult } from '../../test/world/runner/index.ts';

export const HOME = fileURLToPath(new URL('../../tmp/pictures', import.meta.url));
export const THEMES = ['light', 'dark'] as const;
const PACKAGES = {
  '@sparticuz/chromium': '147.0.0',
  'puppeteer-core': '24.43.1',
  'github-markdown-css': '5.9.0',
  marked: '18.2.1',
  mermaid: '11.17.2',
};
/** Of GitHub's pages: the background, text, folded text, errors, warnings. */
const COLORS = {
  light: ['#ffffff', '#1f2328', '#59636e', '#d1242f', '#9a6700'],
  dark: ['#0d1117', '#f0f6fc', '#9198a1', '#f85149', '#d29922'],
} as const;

/** The signs of the summary: the browser has no font for emoji, and draws none of the color fonts of others. */
const SIGNS: Readonly<Record<string, string>> = {
  '✅': '<rect x="1" y="1" width="14" height="14" rx="2" fill="#1f883d"/><path d="M4 8l3 3 5-6" stroke="#fff" stroke-width="2.2" fill="none"/>',
  '❌': '<path d="M3 3l10 10M13 3L3 13" stroke="#d1242f" stroke-width="3" stroke-linecap="round"/>',
  '⚠️': '<path d="M8 1l7.5 14H.5z" fill="#eac54f"/><path d="M8 6v4.5M8 12v1.6" stroke="#1f2328" stroke-width="1.6"/>',
  '⏸️': '<rect x="1" y="1" width="14" height="14" rx="2" fill="#0969da"/><path d="M6 4.5v7M10 4.5v7" stroke="#fff" stroke-width="2"/>',
  '🚫': '<circle cx="8" cy="8" r="6.3" fill="none" stroke="#d1242f" stroke-width="2.4"/><path d="M3.6 3.6l8.8 8.8" stroke="#d1242f" stroke-width="2.4"/>',
};

function fetchPackages(): void {
  if (Object.keys(PACKAGES).every(name => existsSync(join(HOME, 'node_modules', name)))) return;
  console.log('Fetching a browser and the styles into tmp/pictures (once) ...');
  const names = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // The prefix keeps npm from taking the package.json above for the project to install into.
  const { status } = spawnSync('npm', ['install', '--prefix', HOME, ...flags, ...names], { stdio: 'inherit' });
  if (status !== 0) throw new Error('npm could not install what renders the pictures');
}

/** The log as the page of a run shows it, with its sections folded. */
export function logPage({ lines, post }: ActionResult): string {
  const rows: string[] = [];
  let isFolded = false;
  for (const { text } of [...lines, ...(post?.lines ?? [])]) {
    const [, command, rest = ''] = /^##\[(\w+)\](.*)$/s.exec(text) ?? [];
    if (command === 'endgroup') isFolded = false;
    else if (command === 'group') {
      rows.push(`<div class="line">▸ ${escapeHtml(rest)}</div>`);
      isFolded = true;
    } else if (command !== undefined)
      rows.push(`<div class="line ${command}"><b>${command}:</b> ${escapeHtml(rest)}</div>`);
    else rows.push(`<div class="line ${isFolded ? 'folded' : ''}">${escapeHtml(text)}</div>`);
  }
  return `<div class="log">${rows.join('')}</div>`;
}

function withSigns(html: string): string {
  return html.replace(/\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F/gu, sign => {
    const drawing = SIGNS[sign];
    if (drawing === undefined) throw new Error(`nobody has drawn ${sign}`);
    return `<svg class="sign" viewBox="0 0 16 16">${drawing}</svg>`;
  });
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** A browser that draws pages. Its packages are not part of `npm ci`: they are put into the git-ignored tmp/ the first time. */
export async function openRenderer() {
  fetchPackages();
  const require = createRequire(join(HOME, 'package.json'));
  // biome-ignore lint/suspicious/noExplicitAny: packages that are not there when the types are checked.
  const load = (name: string): Promise<Record<string, any>> => import(pathToFileURL(require.resolve(name)).href);
  const [{ default: chromium }, { default: puppeteer }, { marked }] = await Promise.all([
    load('@sparticuz/chromium'),
    load('puppeteer-core'),
    load('marked'),
  ]);
  const read = (path: string) => readFile(join(HOME, 'node_modules', path), 'utf8');
  const styles = {
    light: await read('github-markdown-css/github-markdown-light.css'),
    dark: await read('github-markdown-css/github-markdown-dark.css'),
  };
  const browser = await puppeteer.launch({
    args: chromium.args,
    executablePath: await chromium.executablePath(),
    headless: 'shell',
  });
  const page = await browser.newPage();

  return {
    /** Markdown with GitHub's alerts and charts. @param details whether they are open */
    markdown(text: string, details = 'open'): string {
      const html = String(marked.parse(text, { gfm: true, async: false }));
      return html
        .replace(
          /<blockquote>\s*<p>\[!(\w+)\]\s*/g,
          (_, kind: string) =>
            `<blockquote class="markdown-alert markdown-alert-${kind.toLowerCase()}"><p class="markdown-alert-title">${kind[0]}${kind.slice(1).toLowerCase()}</p><p>`,
        )
        .replace(/<pre><code class="language-mermaid">([\s\S]*?)<\/code><\/pre>/g, '<pre class="mermaid">$1</pre>')
        .replaceAll('<details>', `<details ${details}>`);
    },
    /** Draws a page in both themes. @param width of the page, whose pixels are drawn with `scale` */
    async shoot(path: string, body: string, { width = 1_060, scale = 1 } = {}): Promise<void> {
      for (const theme of THEMES) {
        const [back, fore, soft, red, yellow] = COLORS[theme];
        const css = `${styles[theme]} body { margin: 24px; background: ${back}; color: ${fore}; }
          .markdown-body { font-family: "DejaVu Sans", sans-serif; background: ${back}; }
          .markdown-body .sign { width: 1em; height: 1em; vertical-align: -0.1em; }
          .log { font: 12px/1.7 "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
          .folded { color: ${soft}; padding-left: 2em; }
          .error { color: ${red}; } .warning, .notice { color: ${yellow}; }`;
        const chart = body.includes('class="mermaid"')
          ? `<script>${await read('mermaid/dist/mermaid.min.js')}</script><script>mermaid.run()</script>`
          : '';
        const html = `<article class="markdown-body">${withSigns(body)}</article>${chart}`;
        const file = `${path}-${theme}.html`;
        await writeFile(file, `<meta charset="utf-8"><style>${css}</style>${html}`);
        await page.setViewport({ width, height: 10, deviceScaleFactor: scale });
        await page.goto(pathToFileURL(file).href, { waitUntil: 'networkidle0' });
        await page.screenshot({ path: `${path}-${theme}.png`, fullPage: true });
      }
    },
    close: () => browser.close(),
  };
}
