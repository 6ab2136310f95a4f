import { en } from '../../src/i18n/en';
import { me as enMe } from '../../src/i18n/en/me';
import { nodes as enNodes } from '../../src/i18n/en/nodes';
import { phone as enPhone } from '../../src/i18n/en/phone';
import { sv } from '../../src/i18n/sv';
import { me as svMe } from '../../src/i18n/sv/me';
import { nodes as svNodes } from '../../src/i18n/sv/nodes';
import { phone as svPhone } from '../../src/i18n/sv/phone';

export type Language = 'sv' | 'en';

/** What the portal says, so that a walk reads as what a person sees and survives a better wording. */
export const words = { sv: { ...sv, ...svMe, ...svNodes, ...svPhone }, en: { ...en, ...enMe, ...enNodes, ...enPhone } };

/** A sentence with its gaps filled. */
export function say(text: string, gaps: Record<string, string | number> = {}): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(gaps[name] ?? ''));
}
