// The software bill of materials of the bundle: CycloneDX 1.6, with a component for each package that has bytes in it.
//
// It has no time and no serial number, which the format does not ask for, so the same bundle gives the same bytes.

export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
}

interface Product {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

interface Component {
  readonly 'bom-ref': string;
  readonly [field: string]: unknown;
}

/**
 * @param packages folders of packages, as the keys of package-lock.json have them
 * @throws Error when the lock file does not say what a package is
 */
export function sbom(product: Product, packages: readonly string[], lock: Lock): string {
  const root = { 'bom-ref': `${product.name}@${product.version}`, type: 'application', ...about(product) };
  // A package that is installed in two places is one component.
  const byRef = new Map(packages.map(path => componentOf(path, lock)).map(each => [each['bom-ref'], each]));
  const refs = [...byRef.keys()].sort();
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      tools: { components: [{ type: 'application', ...about(lockedAs('node_modules/rolldown', lock)) }] },
      component: root,
    },
    components: refs.map(ref => byRef.get(ref)),
    // What each package imports is bundled with it: of the bundle they are all parts.
    dependencies: [{ ref: root['bom-ref'], dependsOn: refs }],
    compositions: [{ aggregate: 'complete', assemblies: [root['bom-ref']] }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function componentOf(path: string, lock: Lock): Component {
  const { integrity, ...locked } = lockedAs(path, lock);
  const [algorithm = '', digest = ''] = integrity.split('-');
  const purl = `pkg:npm/${locked.name.replace('@', '%40')}@${locked.version}`;
  return {
    'bom-ref': purl,
    type: 'library',
    ...about(locked),
    // Of the package as the registry has it.
    hashes: [{ alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') }],
    purl,
  };
}

function lockedAs(path: string, lock: Lock): Product & { integrity: string } {
  const { version, license, integrity } = lock.packages[path] ?? {};
  if (version === undefined || license === undefined || integrity === undefined) {
    throw new Error(`package-lock.json lacks the version, license or integrity of ${path}`);
  }
  return { name: path.replace(/^.*node_modules\//, ''), version, license, integrity };
}

function about({ name, version, license }: Product): object {
  return { name, version, licenses: [licenseOf(license)] };
}

/** CycloneDX has three forms: an expression of SPDX, one of its ids, and a name that SPDX does not know. */
function licenseOf(license: string): object {
  if (/ (?:AND|OR|WITH) /.test(license)) return { expression: license };
  return { license: license.includes('/') ? { name: license } : { id: license } };
}
