/** A time limit for what waits for ever otherwise. */

/**
 * What a call of GitHub's toolkit resolves to, or `otherwise` after a time: the toolkit waits for ever where an answer of
 * its service stops halfway. Meanwhile the timer keeps the process alive.
 */
export async function withDeadline<T, U>(ms: number, call: Promise<T>, otherwise: U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<U>(resolve => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  return Promise.race([call, late]).finally(() => clearTimeout(timer));
}
