import { describe, expect, it } from 'vitest';
import { accentFor, contrast, parseColour, type Rgb } from './colour';

const rgb = (text: string): Rgb => {
  const parsed = parseColour(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

describe('a brand colour', () => {
  const brands = ['#ffff00', '#ffffff', '#000000', '#0f6e63', '#e11d48', '#7f7f7f', '#00ff7f', '#14151a', '#123abc'];
  it.each(brands)('%s is readable in both themes, whatever the partner chose', (brand) => {
    for (const [theme, surface] of [['light', '#ffffff'], ['dark', '#14151a']] as const) {
      const accent = accentFor(brand, theme);
      if (!accent) throw new Error('no accent');
      expect(contrast(rgb(accent.accent), rgb(accent.onAccent))).toBeGreaterThanOrEqual(4.45);
      expect(contrast(rgb(accent.hover), rgb(accent.onAccent))).toBeGreaterThanOrEqual(4.45);
      expect(contrast(rgb(accent.text), rgb(surface))).toBeGreaterThanOrEqual(4.5);
      expect(contrast(rgb(accent.text), rgb(accent.soft))).toBeGreaterThanOrEqual(4.5);
    }
  });
  it('that is no colour is refused', () => {
    expect(accentFor('red', 'light')).toBeNull();
    expect(parseColour('#12345')).toBeNull();
  });
});
