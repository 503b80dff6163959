// The files a step talks to the runner through: GITHUB_OUTPUT, GITHUB_STATE, GITHUB_ENV, GITHUB_PATH and
// GITHUB_STEP_SUMMARY. New ones for each step and phase; read in a `finally`, so that what was written before a kill counts
// (docs/actions-platform.md#file-commands).
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SUMMARY_LIMIT = 1024 * 1024;

export interface FileCommands {
  variables: Record<string, string>;
  read(): Promise<FileResults>;
}

export interface FileResults {
  outputs: Record<string, string>;
  state: Record<string, string>;
  env: Record<string, string>;
  path: string[];
  summary: string;
  /** Each becomes an error annotation. */
  errors: string[];
  /** A file that cannot be read as commands fails the step; a summary that is too long does not. */
  failed: boolean;
}

export async function createFileCommands(temp: string): Promise<FileCommands> {
  const dir = join(temp, '_runner_file_commands');
  await mkdir(dir, { recursive: true });
  const id = randomUUID();
  const file = (name: string) => join(dir, `${name}_${id}`);
  const variables = {
    GITHUB_OUTPUT: file('set_output'),
    GITHUB_STATE: file('save_state'),
    GITHUB_ENV: file('set_env'),
    GITHUB_PATH: file('add_path'),
    GITHUB_STEP_SUMMARY: file('step_summary'),
  };
  await Promise.all(Object.values(variables).map(path => writeFile(path, '')));

  async function read(): Promise<FileResults> {
    const results: FileResults = { outputs: {}, state: {}, env: {}, path: [], summary: '', errors: [], failed: false };
    const pairs = async (path: string, command: string): Promise<Record<string, string>> => {
      try {
        return parsePairs(await text(path));
      } catch (error) {
        results.errors.push(`Unable to process file command '${command}' successfully.`, (error as Error).message);
        results.failed = true;
        return {};
      }
    };
    results.outputs = await pairs(variables.GITHUB_OUTPUT, 'output');
    results.state = await pairs(variables.GITHUB_STATE, 'state');
    results.env = await pairs(variables.GITHUB_ENV, 'env');
    if ('NODE_OPTIONS' in results.env) {
      delete results.env.NODE_OPTIONS;
      results.errors.push("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
      results.failed = true;
    }
    results.path = (await text(variables.GITHUB_PATH)).split(/\r?\n/).filter(line => line !== '');
    const size = (await stat(variables.GITHUB_STEP_SUMMARY).catch(() => undefined))?.size ?? 0;
    if (size > SUMMARY_LIMIT) {
      const kilobytes = Math.floor(size / 1024);
      results.errors.push(
        `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${kilobytes}k.`,
      );
    } else results.summary = await text(variables.GITHUB_STEP_SUMMARY);
    return results;
  }

  return { variables, read };
}

/** `name=value` lines and heredocs `name<<DELIMITER`, in any mix. */
function parsePairs(content: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  const lines = content.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      if (equals === 0) throw new Error(`Invalid format '${line}'. Name must not be empty`);
      pairs[line.slice(0, equals)] = line.slice(equals + 1);
    } else if (heredoc >= 0) {
      const name = line.slice(0, heredoc);
      const delimiter = line.slice(heredoc + 2);
      if (name === '' || delimiter === '')
        throw new Error(`Invalid format '${line}'. Name and delimiter must not be empty`);
      const end = lines.indexOf(delimiter, at + 1);
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
      pairs[name] = lines.slice(at + 1, end).join('\n');
      at = end;
    } else throw new Error(`Invalid format '${line}'`);
  }
  return pairs;
}

async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
