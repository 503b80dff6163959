// Every promise of this project, by where it is made, with its test: npm run generate writes docs/promises.md from here,
// test/unit/promises.test.ts checks it, and npm run red shows that each of the tests can fail.
import { BACKFILLS } from './promises/backfills.ts';
import { BEHAVIORS } from './promises/behaviors.ts';
import { DESIGN, MANIFESTS } from './promises/design.ts';
import { INPUTS } from './promises/inputs.ts';
import { PRIVACY } from './promises/privacy.ts';
import { READING } from './promises/reading.ts';
import { README } from './promises/readme.ts';
import type { Row } from './promises/row.ts';
import { SECURITY } from './promises/security.ts';
import { TROUBLESHOOTING } from './promises/troubleshooting.ts';

/** The sentences that stand in no document of their own. */
export const OWN = 'Behaviors of a good copy';

const BY_PLACE: readonly (readonly [place: string, rows: readonly Row[]])[] = [
  [OWN, BEHAVIORS],
  ['README.md', README],
  ['SECURITY.md', SECURITY],
  ['docs/backfills.md', BACKFILLS],
  ['docs/design.md', DESIGN],
  ['docs/inputs.md', INPUTS],
  ['docs/manifest.schema.json', MANIFESTS],
  ['docs/privacy.md', PRIVACY],
  ['docs/reading-the-data.md', READING],
  ['docs/troubleshooting.md', TROUBLESHOOTING],
];

export interface Promised {
  /** The document with the promise, or {@link OWN}. */
  readonly place: string;
  readonly promise: string;
  /** Path of the test file. */
  readonly file: string;
  /** The names of its groups, and its own. */
  readonly test: readonly string[];
  readonly bug: Row[3];
}

export const PROMISES: readonly Promised[] = BY_PLACE.flatMap(([place, rows]) =>
  rows.map(([promise, file, test, bug]) => ({
    place,
    promise,
    file: `test/${file.includes('/') ? file : `action/${file}`}.test.ts`,
    test: test.split(' > '),
    bug,
  })),
);

/** A name of a test as a pattern: what a row of a table puts in stands for anything. */
export function namePattern(name: string): string {
  return name
    .split(/%[sdifjo#]|\$\{[^}]*\}|\$\w+/)
    .map(RegExp.escape)
    .join('[^]*');
}

/** docs/promises.md. */
export function promisesPage(): string {
  const sections = BY_PLACE.map(([place]) => {
    const rows = PROMISES.filter(each => each.place === place).map(({ promise, file, test, bug }) => {
      const cells = [
        withoutLinks(promise),
        `[${file.replace(/^test\/|\.test\.ts$/g, '')}](../${file}): ${test.join(' › ')}`,
        bug,
      ];
      return `| ${cells.map(escaped).join(' | ')} |`;
    });
    const table = ['| Promise | Test | Fails when |', '| --- | --- | --- |', ...rows];
    return [`## ${place}`, '', ...table].join('\n');
  });
  return `${[HEAD, ...sections].join('\n\n')}\n`;
}

const HEAD = `# Promises

Every promise of this project, by where it is made, with the test that proves it on the committed \`dist/\`. A test that
never fails proves nothing: \`npm run red\` plants the bugs of the last column one after the other in a copy of the action,
and shows that the tests find each of them. \`npm run generate\` writes this page from \`scripts/promises/\`.`;

/** A link of one document leads nowhere in another one. */
function withoutLinks(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
