// What the workflows of this repository may do and run, and what SECURITY.md says of it all.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { notesOf } from '../../scripts/release/notes.ts';
import { sbom } from '../../scripts/release/sbom.ts';
import { tar } from '../../scripts/release/tar.ts';

const ROOT = join(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: object;
  readonly jobs: Readonly<Record<string, { permissions?: Record<string, string>; steps: readonly Step[] }>>;
}

const files = globSync('.github/workflows/*.yml', { cwd: ROOT }).sort();
const workflows = new Map(files.map(path => [basename(path), parse(text(path)) as Workflow]));
/** Those that others call have the permissions that the caller gives them. */
const own = [...workflows].filter(([, { on }]) => !('workflow_call' in on));
const steps = [...workflows].flatMap(([name, { jobs }]) =>
  Object.entries(jobs).flatMap(([id, job]) => job.steps.map(step => ({ name, job: `${name} ${id}`, step }))),
);

describe('the workflows', () => {
  test('are all here', () => {
    expect([...workflows.keys()]).toEqual([
      'backfill.yml',
      'ci.yml',
      'codeql.yml',
      'dependency-review.yml',
      'release.yml',
      'scorecard.yml',
      'sync.yml',
    ]);
  });

  test('pin every action of others to a commit, with its version, and to one only', () => {
    const lines = files.flatMap(path =>
      [...text(path).matchAll(/^ +(?:- )?uses: (.*[@/].*)$/gm)].map(([, uses = '']) => uses),
    );
    const foreign = lines.filter(uses => !/^(?:\.\/|\$\/\.)(?: #.*)?$/.test(uses));
    expect(foreign.filter(uses => !/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(uses))).toEqual([]);
    const byRepository = Map.groupBy(new Set(foreign), uses => /^[^/]+\/[^/@]+/.exec(uses)?.[0]);
    for (const [repository, pins] of byRepository) {
      expect(new Set(pins.map(pin => pin.replace(/^.*@/, ''))).size, repository).toBe(1);
    }
    expect(byRepository.size).toBeGreaterThan(5);
  });

  test('that others call run the action of their own commit', () => {
    for (const name of ['backfill.yml', 'sync.yml']) {
      const uses = steps.filter(each => each.name === name).flatMap(({ step }) => step.uses ?? []);
      expect(new Set(uses), name).toEqual(new Set(['$/.']));
    }
  });

  test('never run on an event that gives foreign code a secret or the right to write', () => {
    const events = [...workflows].flatMap(([name, { on }]) => Object.keys(on).map(event => `${name} ${event}`));
    expect(events.filter(event => /pull_request_target|workflow_run|issue|comment|discussion/.test(event))).toEqual([]);
  });

  test('may nothing but what this list says', () => {
    for (const [name, { permissions }] of own) expect(permissions, name).toEqual({});
    const writing = own.flatMap(([name, { jobs }]) =>
      Object.entries(jobs).flatMap(([id, { permissions = { all: 'write' } }]) =>
        Object.entries(permissions).flatMap(([scope, access]) => (access === 'read' ? [] : `${name} ${id} ${scope}`)),
      ),
    );
    expect(writing.sort()).toEqual([
      'codeql.yml analyze security-events',
      'release.yml publish attestations',
      'release.yml publish contents',
      'release.yml publish id-token',
      'scorecard.yml analyze id-token',
      'scorecard.yml analyze security-events',
    ]);
  });

  test('leave no token in a checkout', () => {
    const checkouts = steps.filter(({ step }) => step.uses?.startsWith('actions/checkout@'));
    expect(checkouts.filter(({ step }) => step.with?.['persist-credentials'] !== false)).toEqual([]);
    expect(checkouts.length).toBeGreaterThan(5);
  });

  test('use no secret of this repository', () => {
    for (const path of files) {
      // A caller of a callable workflow passes these.
      const secrets = [...text(path).matchAll(/secrets\.([\w-]+)/g)].map(([, name]) => name);
      const passed = /sync|backfill/.test(path) ? ['token', 'github-token', 'hash-key', 'KUSTOMER_TOKEN'] : [];
      expect(
        secrets.filter(name => !passed.includes(name as string)),
        path,
      ).toEqual([]);
      expect(text(path), path).not.toContain('secrets: inherit');
    }
  });

  test('put no expression into a script', () => {
    expect(steps.filter(({ step }) => step.run?.includes('${{')).map(({ job }) => job)).toEqual([]);
  });

  test('run nothing of the repository, and no package, where a release is published', () => {
    const publish = steps.filter(({ job }) => job === 'release.yml publish').map(({ step }) => step);
    expect(publish.flatMap(({ uses }) => uses?.replace(/@.*/, '') ?? [])).toEqual([
      'actions/download-artifact',
      'actions/attest',
      'actions/attest',
    ]);
    for (const { run = '' } of publish) expect(run).not.toMatch(/\b(?:npm|npx|node|git|curl|pip|go)\b (?!api)/);
  });
});

describe('the packages', () => {
  test('are locked by their hash, also those of other systems', () => {
    const { packages }: { packages: Record<string, { integrity?: string }> } = JSON.parse(text('package-lock.json'));
    const loose = Object.entries(packages).filter(
      ([path, { integrity }]) => path !== '' && !/^sha512-/.test(integrity ?? ''),
    );
    expect(loose.map(([path]) => path)).toEqual([]);
    expect(Object.keys(packages).length).toBeGreaterThan(100);
  });

  test('run no script when they are installed', () => {
    const installs = [...text('scripts/on-node24.mjs').matchAll(/\[('(?:ci|install)'.*?)\]/g)].map(([, args]) => args);
    expect(installs.length).toBe(1);
    expect(installs[0]).toContain("'--ignore-scripts'");
    const others = steps.filter(({ step }) => /\bnpm (?:ci|i|install)\b/.test(step.run ?? ''));
    expect(others.map(({ job }) => job)).toEqual([]);
  });
});

describe('SECURITY.md', () => {
  const rows = [...text('SECURITY.md').matchAll(/^\| (\d+) \| (.+) \| (.+) \|$/gm)];

  test('numbers its invariants', () => {
    expect(rows.map(([, number]) => Number(number))).toEqual(rows.map((_, index) => index + 1));
    expect(rows.length).toBeGreaterThan(20);
  });

  test.each(rows.map(([, number = '', invariant = '', tests = '']) => [number, invariant, tests]))(
    'invariant %s names a test that there is: %s',
    (_, __, tests) => {
      const named = [...tests.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
      expect(named).not.toEqual([]);
      const gone = named.filter(path => !/^test\/[\w/-]+\.test\.ts$/.test(path) || !existsSync(join(ROOT, path)));
      expect(gone).toEqual([]);
    },
  );
});

describe('the bill of materials', () => {
  const product = { name: 'product', version: '1.2.3', license: 'MIT' };
  const integrity = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
  const lock = {
    packages: {
      'node_modules/rolldown': { version: '0.1.0', license: 'MIT', integrity },
      'node_modules/b': { version: '1.0.0', license: '(MIT OR Apache-2.0)', integrity },
      'node_modules/@scope/a': { version: '2.0.0', license: 'ISC', integrity },
      'node_modules/c/node_modules/b': { version: '1.0.0', license: '(MIT OR Apache-2.0)', integrity },
      'node_modules/c/node_modules/@scope/a': { version: '1.9.0', license: 'MIT/X11', integrity },
      'node_modules/none': { version: '1.0.0', integrity },
    },
  };
  const installed = Object.keys(lock.packages).filter(path => !/rolldown|none/.test(path));

  test('has each version of a package once, in one order, with its hash and its license', () => {
    const { components, dependencies } = JSON.parse(sbom(product, installed, lock));
    const refs = ['pkg:npm/%40scope/a@1.9.0', 'pkg:npm/%40scope/a@2.0.0', 'pkg:npm/b@1.0.0'];
    expect(components.map(({ purl }: { purl: string }) => purl)).toEqual(refs);
    expect(components.map(({ licenses }: { licenses: unknown[] }) => licenses)).toEqual([
      [{ license: { name: 'MIT/X11' } }],
      [{ license: { id: 'ISC' } }],
      [{ expression: '(MIT OR Apache-2.0)' }],
    ]);
    expect(components[0].hashes).toEqual([{ alg: 'SHA-512', content: '01'.repeat(64) }]);
    expect(dependencies).toEqual([{ ref: 'product@1.2.3', dependsOn: refs }]);
    expect(sbom(product, installed.toReversed(), lock)).toBe(sbom(product, installed, lock));
  });

  test.each(['node_modules/none', 'node_modules/not-locked'])('is not made with %s', path => {
    expect(() => sbom(product, [path], lock)).toThrow(`lacks the version, license or integrity of ${path}`);
  });
});

describe('the archive', () => {
  const contents = (length: number) => Buffer.alloc(length, 'x');

  test('depends on names and contents alone', () => {
    const files: [string, Buffer][] = [0, 1, 511, 512, 513].map(length => [`file-${length}`, contents(length)]);
    const archive = tar(new Map(files));
    expect(archive.equals(tar(new Map(files.toReversed())))).toBe(true);
    // A header for each file, its contents in whole blocks, and two empty blocks.
    expect(archive.length).toBe(512 * (5 + 0 + 1 + 1 + 1 + 2 + 2));
  });

  test('refuses a name that it would have to cut', () => {
    expect(() => tar(new Map([['x'.repeat(101), contents(1)]]))).toThrow('too long');
  });
});

describe('the notes of a release', () => {
  const changelog = '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- B.\n\n## [1.0.0] - 2026-01-02\n\n- A.\n';

  test('are the section of its version', () => {
    expect(notesOf(changelog, '1.0.0', { orUnreleased: false })).toBe('- A.\n');
  });

  test('are what is not released yet only in a dry run', () => {
    expect(notesOf(changelog, '1.1.0', { orUnreleased: true })).toBe('### Added\n\n- B.\n');
    expect(() => notesOf(changelog, '1.1.0', { orUnreleased: false })).toThrow('says nothing of 1.1.0');
  });
});
