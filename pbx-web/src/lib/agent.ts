/** What a browser or a program that signed in is, from what it calls itself; `null` where that tells nothing. */
export interface Agent {
  browser: string | null;
  system: string | null;
  kind: 'computer' | 'mobile' | 'program';
}

/** The more particular first: Edge calls itself Chrome and Safari as well. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?\/|\bEdgiOS\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/Chrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMacintosh\b|\bMac OS X\b/, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

export function agentOf(text: string | null | undefined): Agent {
  const named = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(text ?? ''))?.[1] ?? null;
  const browser = named(BROWSERS);
  const system = named(SYSTEMS);
  const mobile = system === 'iPhone' || system === 'iPad' || system === 'Android';
  return { browser, system, kind: mobile ? 'mobile' : browser ? 'computer' : 'program' };
}
