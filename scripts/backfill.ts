// Proves a backfill of millions of records, over shards and in one chain of runs, and prints what it took.
//
//   npm run backfill                                     2,000,000 records over 8 shards
//   npm run backfill -- --records 20000 --shards 4
//   npm run backfill -- --records 300000 --shards 2 --per-minute 200     against a limit: does it take as long as planned?
import { parseArgs } from 'node:util';
import { backfill } from '../bench/backfill.ts';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '2000000' },
    shards: { type: 'string', default: '8' },
    'at-once': { type: 'string', default: '2' },
    'time-budget': { type: 'string', default: '30s' },
    'per-minute': { type: 'string' },
  },
});
const { problems, estimate, counting, minutes, refused, requests, bytes, runs, chainRequests, peakMB } = await backfill(
  {
    records: Number(values.records),
    shards: Number(values.shards),
    atOnce: Number(values['at-once']),
    timeBudget: values['time-budget'],
    ...(values['per-minute'] === undefined ? {} : { perMinute: Number(values['per-minute']) }),
    say: console.log,
  },
);
const sum = requests.reduce((a, b) => a + b, 0);
const rows: [string, string | number][] = [
  ['requests to plan', counting],
  ['requests of all shards, over the estimate', (sum / estimate.requests).toFixed(3)],
  ...(values['per-minute'] === undefined
    ? []
    : [['minutes of all shards, over the estimate', (minutes / estimate.minutes).toFixed(3)] as [string, string]]),
  ['requests refused (429)', refused],
  ['bytes of all shards, over the estimate', (bytes / estimate.bytes).toFixed(3)],
  ['requests of the largest shard, over the smallest', (Math.max(...requests) / Math.min(...requests)).toFixed(3)],
  ['runs of the chain', runs],
  ['requests of the chain, over those of the shards', (chainRequests / sum).toFixed(3)],
  ['most memory of any job, in MB', Math.round(peakMB)],
  ['what is wrong', problems.join('; ') || 'nothing'],
];
for (const [what, value] of rows) console.log(`${what.padEnd(52)}${value}`);
process.exitCode = problems.length === 0 ? 0 : 1;
