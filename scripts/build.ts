// Builds dist/ from src/: two entries and the chunks they load when they are used. The same sources give the same bytes.
//
//   npm run build              writes dist/
//   npm run build -- --check   builds elsewhere and fails when dist/ is anything else
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { notices } from './notices.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
const dist = join(root, 'dist');
const out = check ? mkdtempSync(join(tmpdir(), 'kustomer-sync-dist-')) : dist;

if (!check) rmSync(dist, { recursive: true, force: true });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts', post: 'src/post.ts' },
  outdir: out,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Most of what is bundled is CommonJS that asks for Node's modules by `require` (docs/actions-platform.md#bundle).
  banner: { js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);" },
  define: { VERSION: JSON.stringify(version) },
  // One undici for everybody, and only the parts of it that are used; and no unzipping, which nothing here does.
  alias: { undici: join(root, 'scripts/bundle/undici.cjs'), 'unzip-stream': join(root, 'scripts/bundle/unused.cjs') },
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(out, 'THIRD-PARTY-NOTICES'), notices(root, Object.keys(metafile.inputs)));

if (check) {
  const difference = differing(out, dist);
  rmSync(out, { recursive: true });
  if (difference.length > 0) {
    console.error(`dist/ is not what src/ builds: ${difference.join(', ')}. Run \`npm run build\` and commit dist/.`);
    process.exit(1);
  }
  console.log('dist/ is what src/ builds, byte for byte.');
} else {
  const total = files(dist).reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);
  console.log(`dist/ ${(total / 1e6).toFixed(2)} MB in ${files(dist).length} files`);
}

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

function differing(a: string, b: string): string[] {
  const names = [...new Set([...files(a), ...files(b)])];
  return names.filter(name => {
    try {
      return !readFileSync(join(a, name)).equals(readFileSync(join(b, name)));
    } catch {
      return true;
    }
  });
}
