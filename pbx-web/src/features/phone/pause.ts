const FIRST = 400;
const LONGEST = 20_000;

/** Milliseconds before the next attempt: doubling, and never at the same moment as everybody else (`dice` 0 to 1). */
export const waitBefore = (attempt: number, dice: number): number => Math.round(Math.min(FIRST * 2 ** attempt, LONGEST) * (0.5 + dice / 2));

/** Rests, until the time is over, the network is back, or nobody waits any more. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
