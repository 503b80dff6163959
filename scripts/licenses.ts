// Holds dist/THIRD-PARTY-NOTICES against package-lock.json: each package it names is the one that is locked, under the
// license it has; and no package that is installed is without a license, in the bundle or not.
//
//   npm run licenses
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Without a license, and not used: an old dependency of unzip-stream, which the bundle leaves out whole. */
const UNUSED = new Set(['buffers']);

const root = fileURLToPath(new URL('..', import.meta.url));
const lock: { packages: Record<string, { version?: string; license?: string }> } = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
);
const notices = readFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES'), 'utf8');

const locked = Object.entries(lock.packages)
  // The root is this project; what npm left out is for other systems.
  .filter(([path]) => path !== '' && existsSync(join(root, path)))
  .map(([path, { version, license }]) => ({ name: path.replace(/^.*node_modules\//, ''), version, license }));
const named = [...notices.matchAll(/^((?:@[\w.-]+\/)?[\w.-]+) (\d+\.\d+\.\d+\S*) \((.*)\)$/gm)].map(
  ([, name = '', version, license]) => ({ name, version, license }),
);

const wrong: string[] = [];
for (const { name, version, license } of locked) {
  if (license === undefined && !UNUSED.has(name)) wrong.push(`${name} ${version} has no license`);
}
for (const { name, version, license } of named) {
  if (UNUSED.has(name)) wrong.push(`${name} has no license, and is in the bundle`);
  else if (!locked.some(one => one.name === name && one.version === version && one.license === license)) {
    wrong.push(`THIRD-PARTY-NOTICES names ${name} ${version} (${license}), which is not in package-lock.json`);
  }
}
if (named.length === 0) wrong.push('THIRD-PARTY-NOTICES names no package');
for (const problem of wrong) console.error(problem);
if (wrong.length > 0) process.exit(1);
console.log(`${locked.length} packages are installed, ${named.length} of them bundled, each under a license.`);
