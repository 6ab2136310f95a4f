import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { inject } from 'vitest';
import { Phone, type Call } from '../phone/phone';
import { expect, type Visit } from './visit';

export const folder = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url));
export const size = { width: 1280, height: 800 };
/** Bytes; a README loads many of them. */
const LARGEST = 250_000;

/** Talk takes time; nothing is waited for here. */
export const talk = (seconds: number): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1000));

export async function keep(page: Page, name: string, height?: number): Promise<void> {
  const window = page.viewportSize();
  if (height && window) await page.setViewportSize({ ...window, height });
  // Where the pointer rests, nothing is lit up.
  await page.mouse.move(0, 0);
  const path = `${folder}${name}.png`;
  await page.screenshot({ path });
  expect((await stat(path)).size, `${name}.png`).toBeLessThan(LARGEST);
}

/** The phones of the demo, by extension. */
export async function phones(): Promise<(extension: string) => Phone> {
  const { sip, phones: known } = inject('product');
  const all = new Map<string, Phone>();
  for (const login of known) {
    const phone = await Phone.start(sip, login, `Demotelefon ${login.extension}`);
    await phone.connect();
    all.set(login.extension, phone);
  }
  return (extension) => {
    const found = all.get(extension);
    if (!found) throw new Error(`no phone ${extension}`);
    return found;
  };
}

export async function converse(from: Phone, to: Phone, number: string, seconds: number, ends: 'caller' | 'callee'): Promise<void> {
  const calling = await from.dial(number);
  const called = await to.called();
  called.answer();
  await calling.isAnswered();
  await talk(seconds);
  await (ends === 'caller' ? calling : called).hangUp();
  await (ends === 'caller' ? called : calling).ended();
}

export async function begin(phone: (extension: string) => Phone, from: string, to: string, answer: boolean): Promise<Call> {
  const calling = await phone(from).dial(to);
  const called = await phone(to).called();
  if (answer) {
    called.answer();
    await calling.isAnswered();
  }
  return calling;
}

/** Screens of a telephone beside each other, on a grey ground. */
export async function keepScreens(visit: Visit, name: string, screens: Buffer[]): Promise<void> {
  await visit.page.setContent(
    `<body style="margin:0;padding:24px;display:flex;gap:32px;background:#e9eaee">${screens.map((screen) => `<img width="390" height="844" style="border-radius:28px;border:1px solid #cfd2da" src="data:image/png;base64,${screen.toString('base64')}">`).join('')}</body>`,
  );
  await keep(visit.page, name);
}
