import { useSyncExternalStore } from 'react';

/** The open modal dialogs, the top one last: all that is outside the top one is inert. */
let open: readonly HTMLDialogElement[] = [];
const listeners = new Set<() => void>();
const become = (next: readonly HTMLDialogElement[]) => {
  open = next;
  listeners.forEach((listener) => listener());
};

/** Opens a dialog on top; the answer closes it. */
export function raise(dialog: HTMLDialogElement): () => void {
  if (!dialog.open) dialog.showModal();
  become([...open, dialog]);
  return () => {
    become(open.filter((other) => other !== dialog));
    dialog.close();
  };
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** What must stay in reach is drawn in here: the top dialog, or the page. */
export const useTopLayer = (): HTMLElement => useSyncExternalStore(subscribe, () => open.at(-1)) ?? document.body;
