// How sources become a bundle: dist/ (scripts/build.ts), and the main step of the tests that publishes all the time.
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CodeSplittingNameFunction, type Plugin, rolldown } from 'rolldown';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const standIn = (name: string) => join(root, 'scripts/bundle', name);

export interface Bundle {
  /** Contents by path, with forward slashes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The sources that the files have code of: paths from the root, with forward slashes. */
  readonly sources: readonly string[];
}

/**
 * Bundles for Node 24: a file for each entry, and the chunks that they load when they are used. Nothing is written.
 * @param entries paths of sources, by the name of the file that they become
 */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<Bundle> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const build = await rolldown({
    cwd: root,
    input: { ...entries },
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    resolve: {
      // Names in the bundle follow from paths: a node_modules that is a link gives the same bytes.
      symlinks: false,
      alias: {
        // One undici for everybody, and only the parts of it that are used.
        undici: standIn('undici.cjs'),
        http: standIn('http.cjs'),
        'node:http': standIn('http.cjs'),
        'unzip-stream': standIn('unused.cjs'),
      },
    },
    transform: {
      target: 'node24',
      define: {
        VERSION: JSON.stringify(version),
        // Azure's client looks at each upload whether it is a form, and for that Node loads its own fetch (see http.cjs).
        FormData: 'undefined',
        // As Node builds its own undici: without the parser that only an experiment uses.
        esbuildDetection: 'true',
      },
    },
    plugins: [LESS_OF_CORE, LATER_HTTP2],
    logLevel: 'warn',
  });
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunks/[name]-[hash].mjs',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ debugName: 'start', name: startGroups(entries) }],
    },
    minify: true,
    comments: false,
  });
  await build.close();
  const chunks = output.filter(file => file.type === 'chunk');
  const sources = chunks.flatMap(({ modules }) =>
    Object.entries(modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [fromRoot(id)] : [])),
  );
  return { files: new Map(chunks.map(({ fileName, code }) => [fileName, Buffer.from(asAscii(code))])), sources };
}

/** V8 keeps a source that is ASCII in half the memory, and reads it sooner. */
function asAscii(code: string): string {
  // The escape would become an escaped backslash and a u.
  if (/\\[^\0-\x7f]/.test(code)) throw new Error('the bundle has a backslash before a character beyond ASCII');
  return code.replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Puts what an entry loads at its start into one file for all entries that load it: Node takes as long to find, read and
 * link thirty small files as to compile them.
 */
function startGroups(entries: Readonly<Record<string, string>>): CodeSplittingNameFunction {
  let loaded: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  return (id, graph) => {
    const importsOf = (module: string) => graph.getModuleInfo(module)?.importedIds ?? [];
    loaded ??= new Map(Object.entries(entries).map(([name, path]) => [name, reachable(join(root, path), importsOf)]));
    if (graph.getModuleInfo(id)?.isEntry) return null;
    const names = [...loaded].flatMap(([name, modules]) => (modules.has(id) ? [name] : []));
    return names.length === 0 ? null : names.join('-and-');
  };
}

function reachable(start: string, importsOf: (id: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set([start]);
  for (const id of found) for (const imported of importsOf(id)) found.add(imported);
  return found;
}

/** ID tokens and the description of the machine would bring an HTTP client and child processes into the post step. */
const LESS_OF_CORE: Plugin = {
  name: 'less of @actions/core',
  resolveId: {
    filter: { id: /^\.\/(?:oidc-utils|platform)\.js$/ },
    handler: (_, importer) => (importer?.includes('@actions/core') ? standIn('unused.cjs') : null),
  },
};

/** Kustomer is spoken to by HTTP/1.1 (src/kustomer/client.ts), so that HTTP/2 waits until a proxy asks for it. */
const LATER_HTTP2: Plugin = {
  name: 'later HTTP/2',
  resolveId: {
    filter: { id: /^\.\/client-h2\.js$/ },
    handler: (_, importer) => (importer?.endsWith('dispatcher/client.js') ? standIn('client-h2.cjs') : null),
  },
};

function fromRoot(id: string): string {
  return relative(root, id).replaceAll(sep, '/');
}
