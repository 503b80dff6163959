/** Runs tasks one at a time, in the order in which they were given. */

/** Resolves or rejects as the task does. A task that fails does not hold up the tasks after it. */
type RunExclusive = <T>(task: () => Promise<T>) => Promise<T>;

export function openMutex(): RunExclusive {
  let last: Promise<unknown> = Promise.resolve();
  return task => {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  };
}
