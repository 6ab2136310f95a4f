import { en } from '../../src/i18n/en';
import { sv } from '../../src/i18n/sv';

export type Language = 'sv' | 'en';

/** What the portal says, so that a walk reads as what a person sees and survives a better wording. */
export const words = { sv, en };

/** A sentence with its gaps filled. */
export function say(text: string, gaps: Record<string, string | number> = {}): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(gaps[name] ?? ''));
}
