// Renders what people see of real runs, as GitHub shows it: the log, the summary and the README of the data branch, as PNG in
// both themes. The runs are those of the committed dist/ in the simulated world.
//
//   npm run pictures                 all of them, into tmp/pictures/out
//   npm run pictures -- first 403    those whose name contains one of the words
//
// The browser and the styles are not part of `npm ci`: they are put into the git-ignored tmp/ the first time.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { populate } from '../test/action/support.ts';
import type { ActionResult } from '../test/world/runner/index.ts';
import { openStage, type Stage, type StageOptions, type Sync } from '../test/world/stage.ts';

const HOME = fileURLToPath(new URL('../tmp/pictures', import.meta.url));
const OUT = join(HOME, 'out');
const PACKAGES = {
  '@sparticuz/chromium': '147.0.0',
  'puppeteer-core': '24.43.1',
  'github-markdown-css': '5.9.0',
  marked: '18.2.1',
  mermaid: '11.17.2',
  '@twemoji/svg': '15.0.0',
};
/** Of GitHub's pages: the background, text, folded text, errors, warnings. */
const COLORS = {
  light: ['#ffffff', '#1f2328', '#59636e', '#d1242f', '#9a6700'],
  dark: ['#0d1117', '#f0f6fc', '#9198a1', '#f85149', '#d29922'],
} as const;
const DAY = 86_400_000;
const HOUR = 3_600_000;

interface Picture {
  readonly name: string;
  readonly stage?: StageOptions;
  /** The last run is the one that is shown. */
  run(stage: Stage): Promise<ActionResult>;
}

const fault = (stage: Stage, status: number, stream?: 'notes' | 'messages' | 'customers') =>
  stage.kustomer.faults.add({ kind: 'status', status, times: Infinity, ...(stream && { match: { stream } }) });
const once = (name: string, sync: Sync = {}, before: (stage: Stage) => void = () => {}): Picture => ({
  name,
  run(stage) {
    populate(stage, 3);
    before(stage);
    return stage.sync(sync);
  },
});
const again = (name: string, sync: Sync, between: (stage: Stage) => unknown): Picture => ({
  name,
  async run(stage) {
    populate(stage, 3);
    await stage.sync();
    await between(stage);
    return stage.sync(sync);
  },
});

const script = (text: string) => ['--import', `data:text/javascript,${text.replaceAll('\n', '')}`];

/** A disk with 1 GB left, as the action asks for it. */
const SMALL_DISK = script(`import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module';
  fs.statfs = async () => ({ bavail: 1e6, bsize: 1e3 }); syncBuiltinESMExports();`);

/** A disk that takes no more records. */
const FULL_DISK = script(`import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module';
  const { open } = fs;
  fs.open = async (path, ...rest) => {
    const file = await open(path, ...rest);
    if (String(path).includes('ndjson')) file.appendFile = async () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    return file;
  };
  syncBuiltinESMExports();`);

const PICTURES: readonly Picture[] = [
  {
    name: 'first-46000',
    stage: { server: { latencyMs: 300 } },
    run(stage) {
      const counts = {
        messages: 30_000,
        conversations: 10_000,
        customers: 5_000,
        users: 800,
        tags: 100,
        shortcuts: 60,
      };
      stage.world.populate(counts, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
      return stage.sync({ with: { concurrency: '3' } });
    },
  },
  again('increment', { with: { settle: '0s' } }, async ({ world }) => {
    world.update('messages', 41);
    world.create('messages', 120);
    world.create('conversations', 31);
    world.softDelete('conversations', 2);
    world.update('customers', 8);
    world.hardDelete('tags', 1);
    await new Promise(resolve => setTimeout(resolve, 1_100));
  }),
  again('nothing-new', { with: { settle: '0s' } }, () => {}),
  once('403', {}, stage => fault(stage, 403, 'notes')),
  once('403-named', { with: { streams: 'notes,messages' } }, stage => fault(stage, 403, 'notes')),
  again('401', {}, stage => fault(stage, 401)),
  again('dead-host', { with: { 'api-url': 'https://127.0.0.1:9' } }, () => {}),
  again('500', {}, stage => fault(stage, 500, 'messages')),
  again('html', {}, stage => stage.kustomer.faults.add({ kind: 'html-200', times: Infinity })),
  again('html-one-stream', {}, stage =>
    stage.kustomer.faults.add({ kind: 'html-200', times: Infinity, match: { stream: 'messages' } }),
  ),
  once('404', {}, ({ kustomer }) =>
    kustomer.faults.add({ kind: 'status', status: 404, body: { message: 'no such page' }, times: Infinity }),
  ),
  once('404-one-stream', {}, stage => fault(stage, 404, 'messages')),
  once('rate-limit', {}, ({ kustomer }) =>
    kustomer.faults.add({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '25' },
      match: { stream: 'customers' },
    }),
  ),
  {
    name: 'time-budget',
    stage: { server: { latencyMs: 300 } },
    run(stage) {
      stage.world.populate({ messages: 30_000, tags: 9 }, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
      return stage.sync({ with: { 'time-budget': '12s', concurrency: '2' } });
    },
  },
  {
    name: 'cancel',
    stage: { server: { latencyMs: 300 } },
    run(stage) {
      stage.world.populate({ messages: 30_000, tags: 9 }, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
      return stage.sync({ with: { concurrency: '2' }, cancelAfter: handle => handle.waitFor(/^Read .* of/) });
    },
  },
  { ...once('public-repository'), stage: { github: { visibility: 'public' } } },
  once('input-errors', { with: { settle: 'x', streams: 'conversation, Messages', 'api-url': 'api.kustomerapp.com' } }),
  once('check', { with: { mode: 'check' } }),
  again('check-increment', { with: { mode: 'check', settle: '0s' } }, async ({ world }) => {
    world.create('messages', 120);
    await new Promise(resolve => setTimeout(resolve, 1_100));
  }),
  once('check-failed', { with: { mode: 'check', streams: 'notes,messages,tags' } }, stage =>
    fault(stage, 403, 'notes'),
  ),
  once('small-disk', { nodeArgs: SMALL_DISK, with: { concurrency: '1' } }),
  once('full-disk', { nodeArgs: FULL_DISK }),
  once('plan', { with: { mode: 'plan' } }),
  {
    name: 'merge',
    async run(stage) {
      populate(stage, 3);
      const { runId } = stage.github.job();
      const job = { runId, sameAttempt: true };
      const plan = await stage.sync({ job, with: { mode: 'plan' } });
      for (const shard of (JSON.parse(plan.outputs.matrix ?? '') as { shard: string[] }).shard)
        await stage.sync({ job, with: { shard } });
      return stage.sync({ job, with: { mode: 'merge', plan: plan.outputs.matrix ?? '' } });
    },
  },
  once('branch', { with: { destination: 'branch' } }),
];

await mkdir(OUT, { recursive: true });
fetchPackages();
const words = process.argv.slice(2);
const renderer = await openRenderer();
try {
  for (const { name, stage: options, run } of PICTURES) {
    if (words.length > 0 && !words.some(word => name.includes(word))) continue;
    const stage = await openStage(options);
    try {
      const result = await run(stage);
      await renderer.shoot(`${name}-summary`, renderer.markdown(result.summary));
      await renderer.shoot(`${name}-log`, logPage(result));
      if (name === 'branch') {
        const readme = (await stage.github.repository.files('kustomer-data')).get('README.md');
        if (readme !== undefined) await renderer.shoot(`${name}-readme`, renderer.markdown(String(readme)));
      }
      console.log(name);
    } finally {
      await stage.close();
    }
  }
} finally {
  await renderer.close();
}
console.log(`The pictures are in ${OUT}.`);
process.exit(0);

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
function logPage({ lines, post }: ActionResult): string {
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

/** The browser has no font for emoji, and draws none of the color fonts of others: each becomes a picture. */
function withEmoji(html: string): string {
  return html.replace(/\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F/gu, emoji => {
    const file = join(HOME, 'node_modules/@twemoji/svg', `${emoji.codePointAt(0)?.toString(16)}.svg`);
    return `<img class="emoji" alt="${emoji}" src="${pathToFileURL(file).href}">`;
  });
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

async function openRenderer() {
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
    /** Markdown with GitHub's alerts and charts. */
    markdown(text: string): string {
      const html = String(marked.parse(text, { gfm: true, async: false }));
      return html
        .replace(
          /<blockquote>\s*<p>\[!(\w+)\]\s*/g,
          (_, kind: string) =>
            `<blockquote class="markdown-alert markdown-alert-${kind.toLowerCase()}"><p class="markdown-alert-title">${kind[0]}${kind.slice(1).toLowerCase()}</p><p>`,
        )
        .replace(/<pre><code class="language-mermaid">([\s\S]*?)<\/code><\/pre>/g, '<pre class="mermaid">$1</pre>')
        .replaceAll('<details>', '<details open>');
    },
    async shoot(name: string, body: string): Promise<void> {
      for (const theme of ['light', 'dark'] as const) {
        const [back, fore, soft, red, yellow] = COLORS[theme];
        const css = `${styles[theme]} body { margin: 24px; background: ${back}; color: ${fore}; }
          .markdown-body { max-width: 1012px; font-family: "DejaVu Sans", sans-serif; }
          .log { max-width: 1012px; font: 12px/1.7 "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
          .markdown-body img.emoji { width: 1em; height: 1em; vertical-align: -0.1em; background: none; }
          .folded { color: ${soft}; padding-left: 2em; } .error { color: ${red}; } .warning, .notice { color: ${yellow}; }`;
        const chart = body.includes('class="mermaid"')
          ? `<script>${await read('mermaid/dist/mermaid.min.js')}</script><script>mermaid.run()</script>`
          : '';
        const file = join(OUT, `${name}-${theme}.html`);
        await writeFile(
          file,
          `<meta charset="utf-8"><style>${css}</style><article class="markdown-body">${withEmoji(body)}</article>${chart}`,
        );
        await page.setViewport({ width: 1060, height: 400 });
        await page.goto(pathToFileURL(file).href, { waitUntil: 'networkidle0' });
        await page.screenshot({ path: join(OUT, `${name}-${theme}.png`), fullPage: true });
      }
    },
    close: () => browser.close(),
  };
}
