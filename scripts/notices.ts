// The licenses of everything that is in the bundle, from what the bundle was made of.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licenses that may be redistributed in a bundle under MIT, with their notice. */
const ALLOWED =
  /^(?:MIT|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|BlueOak-1\.0\.0|\(?MIT OR [\w.-]+\)?|\(?Apache-2\.0 AND BSD-3-Clause\)?|MIT\/X11)$/;

/**
 * The text of THIRD-PARTY-NOTICES for the packages of a bundle.
 * @param directories the folder of each package, from the root, in the order that they are listed in
 * @throws Error when a package has a license that is not on the list, or none.
 */
export function notices(root: string, directories: readonly string[]): string {
  /** Same text, all the packages it belongs to: most of them share a handful of texts. */
  const byText = new Map<string, string[]>();
  const wrong: string[] = [];
  for (const directory of directories) {
    const { name, version, license } = manifestOf(join(root, directory));
    if (typeof license !== 'string' || !ALLOWED.test(license)) wrong.push(`${name} (${license ?? 'no license'})`);
    const text =
      licenseText(join(root, directory)) ?? `Published under the license ${license}; the package has no license file.`;
    const label = `${name} ${version} (${license})`;
    const packages = byText.get(text) ?? [];
    if (!packages.includes(label)) packages.push(label);
    byText.set(text, packages);
  }
  if (wrong.length > 0) throw new Error(`The bundle holds packages whose license is not allowed: ${wrong.join(', ')}`);
  const head = 'kustomer-sync contains the following packages, each under its own license.\n';
  return [
    head,
    ...[...byText].map(([text, packages]) => `${'-'.repeat(80)}\n${packages.join('\n')}\n\n${text}\n`),
  ].join('\n');
}

/** A package's own package.json: the nearest one that has a name and a version. */
function manifestOf(directory: string): { name?: string; version?: string; license?: string } {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
}

function licenseText(directory: string): string | null {
  const names = readdirSync(directory)
    .filter(name => /^(?:licen[cs]e|copying|notice)/i.test(name))
    .sort();
  if (names.length === 0 || !existsSync(join(directory, names[0] as string))) return null;
  return names.map(name => readFileSync(join(directory, name), 'utf8').replaceAll('\r\n', '\n').trim()).join('\n\n');
}
