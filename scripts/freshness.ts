// Prints what runs without news leave in the repository of a data branch (test/action/freshness.ts).
//
//   npm run freshness              1,000 runs
//   npm run freshness -- --runs N
import { parseArgs } from 'node:util';
import { measureMarks } from '../test/action/freshness.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '1000' } } });
const { mark, commits, commitsOnBranch, looseBytes, bytes } = await measureMarks(Number(values.runs));
console.log(
  `${values.runs} runs without news after a first sync: ${commitsOnBranch} commits on the branch, ${commits} in all refs.`,
);
console.log(`${looseBytes} bytes of objects until git collects what nothing points at, then ${bytes} bytes.`);
console.log(`The mark: ${mark}`);
