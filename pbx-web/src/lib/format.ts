import { useTranslation } from 'react-i18next';

const DAY = 86_400_000;

/** `4:07`, or `1:02:09`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

const language = (lang: string): string => (lang === 'sv' ? 'sv-SE' : 'en-GB');

/** Recent times in words, older ones as a date. */
export function relative(at: Date, now: number, lang: string): string {
  const locale = language(lang);
  const seconds = (at.getTime() - now) / 1000;
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const size = Math.abs(seconds);
  if (size < 45) return words.format(0, 'second');
  if (size < 3600) return words.format(Math.round(seconds / 60), 'minute');
  if (size < DAY / 1000) return words.format(Math.round(seconds / 3600), 'hour');
  if (size < (7 * DAY) / 1000) return words.format(Math.round(seconds / 86_400), 'day');
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}

export function exact(at: Date, lang: string, zone?: string): string {
  return new Intl.DateTimeFormat(language(lang), { dateStyle: 'medium', timeStyle: 'medium', timeZone: zone }).format(at);
}

export function useFormat() {
  const { i18n } = useTranslation();
  const lang = i18n.language;
  return {
    number: (value: number, digits = 0) => new Intl.NumberFormat(language(lang), { maximumFractionDigits: digits }).format(value),
    exact: (text: string, zone?: string) => exact(new Date(text), lang, zone),
    relative: (text: string, now = Date.now()) => relative(new Date(text), now, lang),
    clock: (text: string, zone?: string) =>
      new Intl.DateTimeFormat(language(lang), { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: zone }).format(new Date(text)),
    day: (date: string) => new Intl.DateTimeFormat(language(lang), { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(`${date}T12:00:00`)),
    dayShort: (date: string) => new Intl.DateTimeFormat(language(lang), { day: 'numeric', month: 'short' }).format(new Date(`${date}T12:00:00`)),
  };
}
