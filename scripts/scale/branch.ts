// What the runs of an hourly sync leave on a data branch: files, folders, and the objects of git that say so.
import { changesIn, HOUR, SEARCHED_NAMES } from './company.ts';
import { recordBytes } from './plan.ts';

export const RUNS = 10_000;
const RUNS_A_DAY = 24;
/** As `commit.ts` names the file of a run. */
const FILE = '12345678901-1-00001.ndjson';

/** Bytes of a tree of git: of each entry the mode, a space, the name, a zero and the SHA. */
function treeBytes(entries: number, name: string, mode: '100644' | '40000'): number {
  return entries * (mode.length + 1 + name.length + 1 + 20);
}

export interface BranchGrowth {
  readonly files: number;
  readonly days: number;
  readonly filesInDay: number;
  /** Of the data, before git compresses it. */
  readonly dataBytes: number;
  /** Of all trees that the commits make, before git compresses them. */
  readonly treeBytes: number;
  /** Requests that create content, of one run. */
  readonly creates: number;
}

export function growthOf(runs: number): BranchGrowth {
  const streams = SEARCHED_NAMES.length;
  const days = Math.ceil(runs / RUNS_A_DAY);
  let trees = 0;
  for (let run = 0; run < runs; run++) {
    const day = treeBytes((run % RUNS_A_DAY) + 1, FILE, '100644');
    const stream = treeBytes(Math.floor(run / RUNS_A_DAY) + 1, 'dt=2026-01-01', '40000');
    trees +=
      streams * (day + stream) + treeBytes(streams, 'conversations', '40000') + treeBytes(6, 'state.json', '100644');
  }
  const data = SEARCHED_NAMES.map(name => changesIn(name, HOUR) * recordBytes(name, 'none'));
  return {
    files: runs * streams,
    days,
    filesInDay: RUNS_A_DAY,
    dataBytes: runs * data.reduce((a, b) => a + b, 0),
    treeBytes: trees,
    // A blob for each file, for the state and for the README; a tree, a commit, and the ref.
    creates: streams + 5,
  };
}
