/** Can the server be reached? Told by every request; while not, asked again until it can. */
import { useSyncExternalStore } from 'react';

let reachable = true;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const backAgain = new Set<() => void>();

/** Milliseconds between questions while the server is silent. */
const EVERY = 3000;

function ask(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    fetch('/healthz', { cache: 'no-store' }).then(
      () => answered(),
      () => ask(),
    );
  }, EVERY);
}

function become(next: boolean): void {
  if (next === reachable) return;
  reachable = next;
  listeners.forEach((listener) => listener());
  if (next) backAgain.forEach((listener) => listener());
}

export function answered(): void {
  clearTimeout(timer);
  become(true);
}

export function silent(): void {
  if (!reachable) return;
  become(false);
  ask();
}

/** Calls back each time the server answers again. */
export function onBack(listener: () => void): () => void {
  backAgain.add(listener);
  return () => backAgain.delete(listener);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
export const useReachable = (): boolean => useSyncExternalStore(subscribe, () => reachable);

/** `fetch` that tells whether the server was there. A request that was taken back says nothing. */
export async function told(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    answered();
    return response;
  } catch (error) {
    if (!request.signal.aborted && !(error instanceof DOMException && error.name === 'AbortError')) silent();
    throw error;
  }
}
