/** What every tab knows of the phone. One tab is the phone and changes it; the others show it. */
import { useSyncExternalStore } from 'react';
import { IDLE, step, type PhoneEvent, type PhoneState } from './calls';

let state: PhoneState = IDLE;
const listeners = new Set<() => void>();

export const phone = (): PhoneState => state;

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: PhoneState): void {
  if (next === state) return;
  state = next;
  listeners.forEach((listener) => listener());
}

export const dispatch = (event: PhoneEvent): void => become(step(state, event));
/** Shows what another tab says. */
export const mirror = (next: PhoneState): void => become(next);

export const usePhone = (): PhoneState => useSyncExternalStore(subscribe, phone);
