/** How the phone is shown in this tab: open or folded, which part, what is typed. */
import { useSyncExternalStore } from 'react';

export type Part = 'pad' | 'colleagues' | 'recent' | 'messages' | 'settings';

export interface View {
  open: boolean;
  part: Part;
  typed: string;
  /** The call whose other side is being handed over: to whom is asked. */
  handing: string | null;
  /** The keys of the call are shown. */
  keys: boolean;
}

let view: View = { open: false, part: 'pad', typed: '', handing: null, keys: false };
const listeners = new Set<() => void>();

export function show(next: Partial<View>): void {
  view = { ...view, ...next };
  listeners.forEach((listener) => listener());
}

export const useView = (): View =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => view,
  );
