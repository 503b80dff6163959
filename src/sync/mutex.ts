// One at a time, in the order of asking.

/** Resolves or rejects as the work does; work that fails holds up nobody. */
export type RunExclusive = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of its own. */
export function openMutex(): RunExclusive {
  let turn: Promise<unknown> = Promise.resolve();
  return work => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };
}
