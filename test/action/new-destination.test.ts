// Another destination takes one new file and one line: a copy of src/ gets one that copies the files to a directory.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from '../world/stage.ts';
import { populate } from './publishing.ts';
import { expectError } from './troubles.ts';

const ROOT = join(import.meta.dirname, '../..');

const DIRECTORY = `// The destination \`directory\`: copies of the files in a directory of the runner.
import { cp } from 'node:fs/promises';
import type { Delivery } from './destination.ts';

export function openDirectory(): Delivery {
  return {
    async requireAccess() {},
    async deliver({ directory }) {
      const name = process.env.COPY_TO ?? '';
      await cp(directory, name, { recursive: true });
      return { kind: 'directory', name };
    },
  };
}
`;

let copy: string;
let stage: Stage;
beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'destination-'));
  stage = await openStage();
  populate(stage);
});
afterEach(async () => {
  await stage.close();
  await rm(copy, { recursive: true, force: true });
});

test('a destination that copies the files to a directory is one new file and one line', async () => {
  for (const path of ['src', 'scripts', 'package.json', 'tsconfig.json'])
    await cp(join(ROOT, path), join(copy, path), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  await writeFile(join(copy, 'src/publish/directory.ts'), DIRECTORY);
  const choose = join(copy, 'src/publish/choose.ts');
  const text = await readFile(choose, 'utf8');
  const [added, imported] = ['  directory: openDirectory,\n', "import { openDirectory } from './directory.ts';\n"];
  await writeFile(
    choose,
    imported + text.replace('  artifact: openArtifact,\n', `  artifact: openArtifact,\n${added}`),
  );
  const action = join(copy, 'action');
  await mkdir(action);
  const yml = await readFile(join(ROOT, 'action.yml'), 'utf8');
  await writeFile(join(action, 'action.yml'), yml.replace(/dist\/(main|post)\.mjs/g, '../src/$1.ts'));

  const target = join(copy, 'target');
  const sync = () => stage.sync({ action, with: { destination: 'directory' }, env: { COPY_TO: target } });
  const first = await sync();
  expect(first.exitCode, first.log).toBe(0);
  expect(first.outputs).toMatchObject({ records: '37', complete: 'true', 'state-saved': 'true' });
  const folders = stage.streams.split(', ');
  expect((await readdir(target)).sort()).toEqual(['manifest.json', 'state.json', 'views.sql', ...folders].sort());
  expect(first.log).toMatch(/^Complete: 37 records in \d+ m?s, /m);
  expect(first.log).toContain(`, directory ${target}, state generation 1 saved.`);
  expect((await sync()).outputs).toMatchObject({ records: '0', 'state-generation': '2' });

  // Where the files cannot be copied, one sentence says so, and the next run delivers them.
  stage.world.create('tags', 3);
  const inTheWay = join(copy, 'a-file');
  await writeFile(inTheWay, '');
  const failed = await stage.sync({ action, with: { destination: 'directory' }, env: { COPY_TO: inTheWay } });
  expect(failed.exitCode).toBe(1);
  expect(failed.log).toContain(
    'The files could not be copied to the place that `destination` names (ERR_FS_CP_DIR_TO_NON_DIR).',
  );
  expectError(failed, 'files-not-copied');
  expect((await sync()).outputs).toMatchObject({ records: '3', complete: 'true' });
});
