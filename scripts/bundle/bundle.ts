// How sources become a bundle: dist/ (scripts/build.ts), and the main step of the tests that publishes all the time.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type PluginBuild } from 'esbuild';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const standIn = (name: string) => join(root, 'scripts/bundle', name);

interface Options {
  readonly entryPoints: Readonly<Record<string, string>>;
  readonly outdir: string;
}

/** Bundles for Node 24: one file for each entry, and the chunks they load when they are used. Nothing is written. */
export function bundle({ entryPoints, outdir }: Options): Promise<BuildResult<{ write: false; metafile: true }>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return build({
    absWorkingDir: root,
    // Names in the bundle follow from paths: a node_modules that is a link gives the same bytes.
    preserveSymlinks: true,
    entryPoints: { ...entryPoints },
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Most of what is bundled is CommonJS that asks for Node's modules by `require` (docs/actions-platform.md#bundle).
    banner: { js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);" },
    define: {
      VERSION: JSON.stringify(version),
      // Azure's client looks at each upload whether it is a form, and for that Node loads its own fetch (see http.cjs).
      FormData: 'undefined',
    },
    alias: {
      // One undici for everybody, and only the parts of it that are used.
      undici: standIn('undici.cjs'),
      http: standIn('http.cjs'),
      'node:http': standIn('http.cjs'),
      'unzip-stream': standIn('unused.cjs'),
    },
    plugins: [{ name: 'less of @actions/core', setup: leaveOutOfCore }],
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
}

/** ID tokens and the description of the machine would bring an HTTP client and child processes into the post step. */
function leaveOutOfCore({ onResolve }: PluginBuild): void {
  onResolve({ filter: /^\.\/(?:oidc-utils|platform)\.js$/ }, ({ importer }) =>
    importer.includes('@actions/core') ? { path: standIn('unused.cjs') } : undefined,
  );
}
