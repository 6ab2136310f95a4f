import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'voxera.theme';
const listeners = new Set<() => void>();
const media = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null;

export function theme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** What is drawn: the choice, or the system's. */
export function shownTheme(): 'light' | 'dark' {
  const chosen = theme();
  return chosen === 'system' ? (media?.matches ? 'dark' : 'light') : chosen;
}

function apply(): void {
  document.documentElement.dataset.theme = shownTheme();
  listeners.forEach((listener) => listener());
}

export function setTheme(next: Theme): void {
  localStorage.setItem(KEY, next);
  apply();
}

media?.addEventListener('change', apply);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
export const useTheme = (): Theme => useSyncExternalStore(subscribe, theme);
export const useShownTheme = (): 'light' | 'dark' => useSyncExternalStore(subscribe, shownTheme);
