// Builds dist/ from src/: two entries and the chunks they load when they are used. The same sources give the same bytes.
//
//   npm run build              writes dist/
//   npm run build -- --check   builds elsewhere and fails when dist/ is anything else
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundle, root } from './bundle/bundle.ts';
import { notices } from './notices.ts';

const check = process.argv.includes('--check');
const dist = join(root, 'dist');
const out = check ? mkdtempSync(join(tmpdir(), 'kustomer-sync-dist-')) : dist;

if (!check) rmSync(dist, { recursive: true, force: true });
const { metafile, outputFiles } = await bundle({
  entryPoints: { main: 'src/main.ts', post: 'src/post.ts' },
  outdir: out,
});
for (const { path, contents } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
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
