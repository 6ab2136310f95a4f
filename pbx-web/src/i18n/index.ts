import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { sv } from './sv';
import type { me } from './sv/me';
import type { nodes } from './sv/nodes';
import type { phone } from './sv/phone';

export type Language = 'sv' | 'en';
/** The shape that every language fills: the keys of the Swedish one. */
export type Words<T = typeof sv> = { [K in keyof T]: T[K] extends string ? string : Words<T[K]> };

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof sv & typeof me & typeof nodes & typeof phone };
    enableSelector: false;
  }
}

const KEY = 'voxera.language';
const loaders: Record<Language, () => Promise<Words>> = {
  sv: async () => (await import('./sv')).sv,
  en: async () => (await import('./en')).en,
};

/** Words that not every page needs; they come with what shows them. */
const parts = {
  me: {
    sv: async () => (await import('./sv/me')).me,
    en: async () => (await import('./en/me')).me,
  },
  nodes: {
    sv: async () => (await import('./sv/nodes')).nodes,
    en: async () => (await import('./en/nodes')).nodes,
  },
  phone: {
    sv: async () => (await import('./sv/phone')).phone,
    en: async () => (await import('./en/phone')).phone,
  },
};
type Part = keyof typeof parts;
const needed = new Set<Part>();
let begun: () => void = () => undefined;
const started = new Promise<void>((resolve) => {
  begun = resolve;
});
/** A word of each part: there, all of them are. */
const FIRST: Record<Part, string> = { me: 'hello', nodes: 'title', phone: 'title' };

async function addParts(language: Language): Promise<void> {
  for (const part of needed) {
    if (!i18next.exists(`${part}.${FIRST[part]}`, { lng: language })) i18next.addResourceBundle(language, 'translation', await parts[part][language](), true, true);
  }
}

/** Loads the words of a part, now and whenever another language is chosen. */
export async function needWords(part: Part): Promise<void> {
  needed.add(part);
  // A page may be asked for while the portal's first words are still on their way.
  await started;
  if (isLanguage(i18next.language)) await addParts(i18next.language);
}

export const isLanguage = (value: unknown): value is Language => value === 'sv' || value === 'en';

/** What the user chose here before; null: nothing yet. */
export function chosenLanguage(): Language | null {
  const stored = localStorage.getItem(KEY);
  return isLanguage(stored) ? stored : null;
}

const preferred = (): Language => {
  const first = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return chosenLanguage() ?? first ?? 'sv';
};

/** Shows a language; `keep` remembers it on this device. */
export async function setLanguage(language: Language, keep = true): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await loaders[language]());
  }
  await addParts(language);
  if (keep) localStorage.setItem(KEY, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function startLanguage(): Promise<void> {
  const language = preferred();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await loaders[language]() } },
    interpolation: { escapeValue: false },
    returnNull: false,
    showSupportNotice: false,
  });
  document.documentElement.lang = language;
  begun();
}
