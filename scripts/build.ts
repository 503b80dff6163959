// Builds dist/ from src/: two entries and the chunks they load when they are used. The same sources give the same bytes.
//
//   npm run build              writes dist/
//   npm run build -- --check   writes nothing, and fails when dist/ is anything else
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './bundle/bundle.ts';
import { buildDist, differing } from './bundle/dist.ts';

const dist = join(root, 'dist');
const { files } = await buildDist();

if (process.argv.includes('--check')) {
  const difference = differing(files);
  if (difference.length > 0) {
    console.error(`dist/ is not what src/ builds: ${difference.join(', ')}. Run \`npm run build\` and commit dist/.`);
    process.exit(1);
  }
  console.log('dist/ is what src/ builds, byte for byte.');
} else {
  rmSync(dist, { recursive: true, force: true });
  for (const [name, contents] of files) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    writeFileSync(join(dist, name), contents);
  }
  const total = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  console.log(`dist/ ${(total / 1e6).toFixed(2)} MB in ${files.size} files`);
}
