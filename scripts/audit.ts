// Asks the registry of npm whether a package has a known vulnerability, and whether each package that is installed is
// signed by the registry. Where a registry or a network does not offer that, it says so; on GitHub that is a failure.
//
//   npm run audit
import { spawnSync } from 'node:child_process';
import { root } from './bundle/bundle.ts';

interface Answer {
  /** Of `npm audit`. */
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly vulnerabilities?: object;
  /** Of `npm audit signatures`. */
  readonly invalid?: readonly object[];
  readonly missing?: readonly object[];
  /** When there is no answer. */
  readonly message?: string;
  readonly error?: { readonly summary?: string };
}

let wrong = false;

const { metadata, vulnerabilities, ...noReport } = ask(['audit']);
if (metadata === undefined) notChecked('known vulnerabilities', noReport);
else report(metadata.vulnerabilities.total === 0, 'vulnerabilities', vulnerabilities);

const { invalid, missing, ...noSignatures } = ask(['audit', 'signatures']);
if (invalid === undefined || missing === undefined) notChecked('signatures', noSignatures);
else report(invalid.length + missing.length === 0, 'packages without a valid signature', [...invalid, ...missing]);

process.exit(wrong ? 1 : 0);

function ask(command: readonly string[]): Answer {
  const args = [...command, '--json', '--loglevel=silent', '--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
  const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  const { stdout } = spawnSync('npm', args, options);
  try {
    return JSON.parse(stdout) as Answer;
  } catch {
    return { message: 'npm gave no answer' };
  }
}

function notChecked(what: string, { message, error }: Answer): void {
  const [reason = ''] = (error?.summary || message || 'npm gave no reason').split('\n');
  console.log(`Not checked: ${what}. ${reason}`);
  if (process.env.GITHUB_ACTIONS === 'true') wrong = true;
}

function report(clean: boolean, what: string, found: unknown): void {
  if (clean) console.log(`No ${what}.`);
  else {
    console.error(`There are ${what}: ${JSON.stringify(found, null, 2)}`);
    wrong = true;
  }
}
