/** A brand has one accent colour; everything that is drawn in it is derived here and checked for contrast. */
export type Rgb = readonly [number, number, number];

export function parseColour(text: string): Rgb | null {
  const match = /^#([0-9a-f]{6})$/i.exec(text.trim());
  if (!match?.[1]) return null;
  const value = Number.parseInt(match[1], 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

const hex = (rgb: Rgb): string => '#' + rgb.map((c) => Math.round(c).toString(16).padStart(2, '0')).join('');

const mix = (a: Rgb, b: Rgb, share: number): Rgb => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
];

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((c) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG contrast, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [10, 12, 16];

/** Moves a colour toward `end` in small steps until it stands out from every ground by `ratio`. */
function until(colour: Rgb, end: Rgb, grounds: readonly Rgb[], ratio: number): Rgb {
  for (let share = 0; share <= 1; share += 0.04) {
    const candidate = mix(colour, end, share);
    if (grounds.every((ground) => contrast(candidate, ground) >= ratio)) return candidate;
  }
  return end;
}

export interface Accent {
  accent: string;
  hover: string;
  onAccent: string;
  text: string;
  soft: string;
}

const GROUNDS = {
  light: { surface: [255, 255, 255] as Rgb, canvas: [241, 241, 243] as Rgb, end: INK },
  dark: { surface: [20, 21, 26] as Rgb, canvas: [28, 30, 37] as Rgb, end: WHITE },
};

/**
 * The accent for one theme. The fill keeps the brand's colour unless it would vanish in the page (below 3:1,
 * the bar for parts of a control); text on it and text in it always reach 4.5:1.
 */
export function accentFor(colour: string, theme: 'light' | 'dark'): Accent | null {
  const base = parseColour(colour);
  if (!base) return null;
  const ground = GROUNDS[theme];
  const fill = until(base, ground.end, [ground.surface, ground.canvas], 3);
  const onWhite = contrast(fill, WHITE);
  const on = onWhite >= 4.5 || onWhite > contrast(fill, INK) ? WHITE : INK;
  const safeFill = until(fill, on === WHITE ? INK : WHITE, [on], 4.5);
  const soft = mix(ground.surface, safeFill, theme === 'light' ? 0.1 : 0.16);
  return {
    accent: hex(safeFill),
    hover: hex(until(mix(safeFill, on === WHITE ? INK : WHITE, 0.14), on === WHITE ? INK : WHITE, [on], 4.5)),
    onAccent: hex(on),
    text: hex(until(base, ground.end, [ground.surface, ground.canvas, soft], 4.6)),
    soft: hex(soft),
  };
}

/** Sets the accent on the page. Properties set through the CSSOM are no inline style to the policy. */
export function applyAccent(colour: string, element: HTMLElement, theme: 'light' | 'dark'): void {
  const accent = accentFor(colour, theme);
  if (!accent) return;
  element.style.setProperty('--accent', accent.accent);
  element.style.setProperty('--accent-hover', accent.hover);
  element.style.setProperty('--on-accent', accent.onAccent);
  element.style.setProperty('--accent-text', accent.text);
  element.style.setProperty('--accent-soft', accent.soft);
}
