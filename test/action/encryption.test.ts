// `encrypt-to`: only the holders of the keys can read the records, wherever they lie.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpack } from '../../scripts/debian.ts';
import { few, longTest } from '../forms.ts';
import { ageKey } from '../world/part-text.ts';
import type { Stage } from '../world/stage.ts';
import { actionOf } from './crash-at.ts';
import { cloned, endStage, FLAWLESS, faults, nextStage, uploaded } from './publishing.ts';
import { annotations, expectGreen, expectRed, populate, requested, texts } from './support.ts';
import { expectError } from './troubles.ts';

const run = promisify(execFile);
const PRIVACY = String(readFileSync(join(import.meta.dirname, '../../docs/privacy.md')));
const NAME = 'Quenya Hopplestrom';

let stage: Stage;
let encryptTo: string;
beforeEach(async () => {
  stage = await nextStage(undefined, {
    world: { plant: (_, json) => json.replace('"attributes":{', `"attributes":{"name":"${NAME}",`) },
  });
  populate(stage);
  encryptTo = `# the data team\n${(await ageKey()).recipient}\n`;
});
afterEach(() => endStage(stage));

describe.each(few(['artifact', 'branch']))('on %s', destination => {
  test('everything is there, in files that show nothing', async () => {
    const inputs = { 'encrypt-to': encryptTo, destination, compression: 'gzip' };
    const result = await stage.sync({ with: inputs });
    expectGreen(result);
    expect(faults(stage, await (destination === 'branch' ? cloned(stage) : uploaded(stage)))).toEqual(FLAWLESS);
    const directory = result.outputs['output-dir'] ?? '';
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    for (const file of files.filter(each => each.isFile())) {
      const isRecords = file.name.endsWith('.ndjson.gz.age');
      expect(isRecords || /^(?:manifest|state|schema)\.json$|^views\.sql$/.test(file.name), file.name).toBe(true);
      expect(String(await readFile(join(file.parentPath, file.name)))).not.toContain(NAME);
    }
    const [command = 'none'] = /^find .*$/m.exec(result.summary) ?? [];
    expect(PRIVACY).toContain(`\n${command}\n`);
    expect(texts(result)).not.toContain(NAME);
    // An increment goes on from it.
    stage.world.update('customers', 3, { at: () => Date.now() - 90_000 });
    expect((await stage.sync({ with: inputs })).outputs.records).toBe('3');
  });
});

test('a run that is killed leaves files that the post step publishes, and nothing is missing or twice', async () => {
  const sync = { with: { 'encrypt-to': encryptTo, concurrency: '1' } };
  // Long enough for a checkpoint.
  Object.assign(stage.kustomer.options, { latencyMs: 60 });
  const killed = await stage.sync({
    ...sync,
    action: await actionOf(stage, true, true),
    kill: handle => handle.waitFor(/Reading/).then(() => requested(stage, 12)),
  });
  expect(killed.signal).toBe('SIGKILL');
  expect((await uploaded(stage)).size).toBeGreaterThan(0);
  expectGreen(await stage.sync(sync));
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
});

longTest('a run that is cancelled publishes what it has read, encrypted', async () => {
  const sync = { with: { 'encrypt-to': encryptTo, concurrency: '1' } };
  await stage.sync({ ...sync, cancelAfter: handle => handle.waitFor(/Reading/).then(() => requested(stage, 12)) });
  const before = await uploaded(stage);
  expect(before.size).toBeGreaterThan(0);
  expectGreen(await stage.sync(sync));
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
});

describe('refused before the first request is', () => {
  test('a recipient with a typing error', async () => {
    const result = await stage.sync({
      with: { 'encrypt-to': encryptTo.trim().replace(/.$/, end => (end === 'q' ? 'p' : 'q')) },
    });
    expectError(result, 'invalid-input');
    expect(annotations(result, 'error').join()).toMatch(/recipient 1 is none of age's/);
    expect(stage.kustomer.requests).toEqual([]);
  });

  test('a key that decrypts, which no message shows', async () => {
    const { identity } = await ageKey();
    const result = await stage.sync({ with: { 'encrypt-to': identity } });
    expectError(result, 'invalid-input');
    expect(annotations(result, 'error').join()).toMatch(/`encrypt-to` is not shown here.*`age-keygen -y` prints/);
    expect(texts(result)).not.toContain(identity.slice(16, 40));
    expect(stage.kustomer.requests).toEqual([]);
  });

  test('a public repository, as without encryption', async () => {
    await endStage(stage);
    stage = await nextStage(undefined, { github: { visibility: 'public' } });
    const result = await stage.sync({ with: { 'encrypt-to': encryptTo } });
    expectRed(result);
    expectError(result, 'public-repository');
    expect(stage.kustomer.requests).toEqual([]);
  });
});

longTest('`age` as Debian has it opens the files by the command in the summary', async () => {
  const result = await stage.sync({ with: { 'encrypt-to': encryptTo } });
  const directory = result.outputs['output-dir'] ?? '';
  const folder = join(import.meta.dirname, '../../tmp/age');
  const program = join(folder, 'usr/bin/age');
  if (!existsSync(program)) unpack(['age'], folder);
  await writeFile(join(directory, 'key.txt'), (await ageKey()).identity);
  const command = /```sh\n(find .*)\n```/.exec(result.summary)?.[1] ?? '';
  await run('sh', ['-c', command.replace('age --decrypt', `${program} --decrypt`)], { cwd: directory });
  const text = String(await readFile(join(directory, 'customers/customers-00001.ndjson')));
  expect(text.trimEnd().split('\n')).toHaveLength(stage.world.truth('customers').size);
});
