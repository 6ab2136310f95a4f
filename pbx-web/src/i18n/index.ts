import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { general as english } from './en/general';
import type { sv } from './sv';
import { general as swedish } from './sv/general';

export type Language = 'sv' | 'en';
/** The shape that every language fills: the keys of the Swedish one. */
export type Words<T = typeof sv> = { [K in keyof T]: T[K] extends string ? string : Words<T[K]> };

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof sv };
    enableSelector: false;
  }
}

const KEY = 'voxera.language';

/**
 * The words come in parts, with the pages that show them: `withWords` says which. `general` is there from the start, in
 * both languages: two kilobytes that save every visitor a wait. A test follows what each page imports and fails where a word's part is not asked for.
 */
const parts = {
  general: { sv: () => Promise.resolve(swedish), en: () => Promise.resolve(english) },
  auth: {
    sv: async () => (await import('./sv/auth')).auth,
    en: async () => (await import('./en/auth')).auth,
  },
  shell: {
    sv: async () => (await import('./sv/shell')).shell,
    en: async () => (await import('./en/shell')).shell,
  },
  nouns: {
    sv: async () => (await import('./sv/nouns')).nouns,
    en: async () => (await import('./en/nouns')).nouns,
  },
  nodes: {
    sv: async () => (await import('./sv/nodes')).nodes,
    en: async () => (await import('./en/nodes')).nodes,
  },
  telephony: {
    sv: async () => (await import('./sv/telephony')).telephony,
    en: async () => (await import('./en/telephony')).telephony,
  },
  flows: {
    sv: async () => (await import('./sv/flows')).flows,
    en: async () => (await import('./en/flows')).flows,
  },
  me: {
    sv: async () => (await import('./sv/me')).me,
    en: async () => (await import('./en/me')).me,
  },
  phone: {
    sv: async () => (await import('./sv/phone')).phone,
    en: async () => (await import('./en/phone')).phone,
  },
};
export type Part = keyof typeof parts;
const needed = new Set<Part>(['general']);
/** Of each language, the parts that are there. */
const there: Record<Language, Set<Part>> = { sv: new Set(), en: new Set() };
let begun: () => void = () => undefined;
const started = new Promise<void>((resolve) => {
  begun = resolve;
});

async function addPart(language: Language, part: Part): Promise<void> {
  const words = await parts[part][language]();
  // The server's refusals are in two parts.
  i18next.addResourceBundle(language, 'translation', words, true, true);
  there[language].add(part);
}

const missing = (language: Language): Part[] => [...needed].filter((part) => !there[language].has(part));

/** Adds what is needed by now, and what becomes needed meanwhile. */
async function addWords(language: Language): Promise<void> {
  for (let next = missing(language); next.length > 0; next = missing(language)) await Promise.all(next.map((part) => addPart(language, part)));
}

/** Loads parts of the words, now and whenever another language is chosen. */
async function needWords(names: Part[]): Promise<void> {
  for (const name of names) needed.add(name);
  // A page may be asked for while the portal's first words are still on their way; its own come beside them.
  const likely = shown() ?? preferred();
  for (const name of names) parts[name][likely]().catch(() => undefined);
  await started;
  // Another language may be chosen meanwhile.
  for (let language = shown(); language && missing(language).length > 0; language = shown()) await addWords(language);
}

/** What is loaded when it is first shown, together with the parts of the words that it shows. */
export const withWords =
  <T>(load: () => Promise<T>, ...names: Part[]) =>
  async (): Promise<T> =>
    (await Promise.all([load(), needWords(names)]))[0];

export const isLanguage = (value: unknown): value is Language => value === 'sv' || value === 'en';

/** What the user chose here before; null: nothing yet. */
export function chosenLanguage(): Language | null {
  const stored = localStorage.getItem(KEY);
  return isLanguage(stored) ? stored : null;
}

const shown = (): Language | null => (isLanguage(i18next.language) ? i18next.language : null);

const preferred = (): Language => {
  const first = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return chosenLanguage() ?? first ?? 'sv';
};

/** Shows a language; `keep` remembers it on this device. */
export async function setLanguage(language: Language, keep = true): Promise<void> {
  await addWords(language);
  if (keep) localStorage.setItem(KEY, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function startLanguage(): Promise<void> {
  const language = preferred();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
    returnNull: false,
    showSupportNotice: false,
  });
  await addPart(language, 'general');
  document.documentElement.lang = language;
  begun();
}
