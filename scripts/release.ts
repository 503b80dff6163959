// Makes the files of a release, and publishes nothing: .github/workflows/release.yml does that with them.
//
//   npm run release-files                      of the version in package.json, as a dry run
//   npm run release-files -- --tag v1.2.3      fails unless that is the version, and the changelog has it
//   npm run release-files -- --out FOLDER      elsewhere than in tmp/release
//
// It fails when dist/ is not what src/ builds. The same commit gives the same bytes on any machine.
//
//   assets/kustomer-sync.tar         the action: action.yml, dist/ and its documents
//   assets/kustomer-sync.cdx.json    what is in the bundle
//   assets/SHA256SUMS                of both
//   notes.md                         the section of the changelog
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './bundle/bundle.ts';
import { buildDist, differing } from './bundle/dist.ts';
import { notesOf } from './release/notes.ts';
import { sbom } from './release/sbom.ts';
import { tar } from './release/tar.ts';

const DOCUMENTS = ['action.yml', 'LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md'];

const { tag, out } = parseArgs({ options: { tag: { type: 'string' }, out: { type: 'string' } } }).values;
const read = (name: string) => readFileSync(join(root, name));
const product: { name: string; version: string; license: string } = JSON.parse(String(read('package.json')));
const { name, version } = product;

try {
  if (tag !== undefined && tag !== `v${version}`)
    throw new Error(`The tag is ${tag}, and package.json has ${version}.`);
  const notes = notesOf(String(read('CHANGELOG.md')), version, { orUnreleased: tag === undefined });
  const { files, packages } = await buildDist();
  const difference = differing(files);
  if (difference.length > 0) throw new Error(`dist/ is not what src/ builds: ${difference.join(', ')}.`);

  const inside = new Map([
    ...DOCUMENTS.map((document): [string, Uint8Array] => [`${name}-${version}/${document}`, read(document)]),
    ...[...files].map(([path, contents]): [string, Uint8Array] => [`${name}-${version}/dist/${path}`, contents]),
  ]);
  const assets = new Map([
    [`${name}.cdx.json`, Buffer.from(sbom(product, packages, JSON.parse(String(read('package-lock.json')))))],
    [`${name}.tar`, tar(inside)],
  ]);
  const sums = [...assets].map(([asset, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${asset}\n`);
  assets.set('SHA256SUMS', Buffer.from(sums.join('')));

  const folder = resolve(out ?? join(root, 'tmp/release'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'assets'), { recursive: true });
  for (const [asset, bytes] of assets) writeFileSync(join(folder, 'assets', asset), bytes);
  writeFileSync(join(folder, 'notes.md'), notes);
  process.stdout.write(sums.join(''));
  console.log(`The files of ${version} are in ${folder}.`);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
