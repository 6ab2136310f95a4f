import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { inject } from 'vitest';
import { Phone, type Call } from './phone/phone';
import { ADMIN, Api } from './support/api';
import { expect, phone as small, test, type Visit } from './support/visit';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const size = { width: 1280, height: 800 };
/** Bytes; a README loads many of them. */
const LARGEST = 250_000;

/** Talk takes time; nothing is waited for here. */
const talk = (seconds: number): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1000));

async function keep(page: Page, name: string, height?: number): Promise<void> {
  const window = page.viewportSize();
  if (height && window) await page.setViewportSize({ ...window, height });
  // Where the pointer rests, nothing is lit up.
  await page.mouse.move(0, 0);
  const path = `${folder}${name}.png`;
  await page.screenshot({ path });
  expect((await stat(path)).size, `${name}.png`).toBeLessThan(LARGEST);
}

/** The phones of the demo, by extension. */
async function phones(): Promise<(extension: string) => Phone> {
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

async function converse(from: Phone, to: Phone, number: string, seconds: number, ends: 'caller' | 'callee'): Promise<void> {
  const calling = await from.dial(number);
  const called = await to.called();
  called.answer();
  await calling.isAnswered();
  await talk(seconds);
  await (ends === 'caller' ? calling : called).hangUp();
  await (ends === 'caller' ? called : calling).ended();
}

/** A morning at the bakery: every way in which a call may end. */
async function morning(phone: (extension: string) => Phone): Promise<void> {
  await converse(phone('1000'), phone('1001'), '1001', 4, 'caller');
  const busy = await phone('1003').dial('1002');
  (await phone('1002').called()).refuse(486, 'Busy Here');
  await busy.ended();
  await Promise.all([converse(phone('1004'), phone('1000'), '1000', 7, 'callee'), converse(phone('1002'), phone('1003'), '1003', 5, 'caller')]);
  const declined = await phone('1001').dial('1004');
  (await phone('1004').called()).refuse(603, 'Decline');
  await declined.ended();
  await (await phone('1000').dial('1234')).ended();
  const impatient = await phone('1001').dial('1003');
  await phone('1003').called();
  await talk(2);
  await impatient.cancel();
  await converse(phone('1003'), phone('1000'), '1000', 9, 'callee');
  await converse(phone('1001'), phone('1004'), '1004', 3, 'caller');
}

async function begin(phone: (extension: string) => Phone, from: string, to: string, answer: boolean): Promise<Call> {
  const calling = await phone(from).dial(to);
  const called = await phone(to).called();
  if (answer) {
    called.answer();
    await calling.isAnswered();
  }
  return calling;
}

async function twoScreens(visit: Visit, here: string, pbx: string): Promise<Buffer[]> {
  const { page, w } = visit;
  const screens: Buffer[] = [];
  await page.goto(`${here}/${pbx}/live`);
  await expect(page.getByRole('list', { name: w.live.title })).toBeVisible();
  await visit.settled();
  screens.push(await page.screenshot());
  await page.goto(`${here}/${pbx}/extensions`);
  await expect(page.getByRole('list', { name: w.extensions.title })).toBeVisible();
  await visit.settled();
  screens.push(await page.screenshot());
  return screens;
}

test('the pictures of the README', async ({ open }) => {
  await mkdir(folder, { recursive: true });
  const api = await Api.as(ADMIN);
  const { tenant, customer } = api.memberships[0] ?? {};
  const here = `/tenants/${tenant ?? ''}/customers/${customer ?? ''}`;
  const { items } = await api.get<{ items: { id: string }[] }>(`/api/v1${here}/pbxs?sort=name&limit=1&offset=0`);
  const pbx = `pbxs/${items[0]?.id ?? ''}`;
  const phone = await phones();
  await morning(phone);

  const visit = await open({ as: ADMIN, size, scale: 1.5 });
  const { page, w } = visit;
  await page.goto(`${here}/${pbx}/calls`);
  await expect(page.getByRole('table', { name: w.calls.title }).getByRole('row')).toHaveCount(10);
  await page.getByRole('row').filter({ hasText: w.outcome.normal }).first().getByRole('link').click();
  await expect(page.getByText(w.calls.why)).toBeVisible();
  await visit.settled();
  await keep(page, 'call-trace');

  const talking = await begin(phone, '1000', '1001', true);
  await talk(12);
  const ringing = await begin(phone, '1004', '1003', false);
  await page.goto(`${here}/${pbx}/live`);
  await expect(page.getByText(w.live.state.ringing, { exact: true })).toBeVisible();
  await visit.settled();
  await talk(2);
  await keep(page, 'live-call', 720);
  await page.setViewportSize(size);

  const dark = await open({ as: ADMIN, size, scale: 1.5, dark: true, at: `${here}/${pbx}/calls` });
  await expect(dark.page.getByRole('table', { name: w.calls.title }).getByRole('row')).toHaveCount(10);
  await dark.settled();
  await keep(dark.page, 'dark');

  const narrow = await open({ as: ADMIN, size: small, scale: 2 });
  const screens = await twoScreens(narrow, here, pbx);
  const frame = await open({ size: { width: 860, height: 892 }, scale: 1.5 });
  await frame.page.setContent(
    `<body style="margin:0;padding:24px;display:flex;gap:32px;background:#e9eaee">${screens.map((screen) => `<img width="390" height="844" style="border-radius:28px;border:1px solid #cfd2da" src="data:image/png;base64,${screen.toString('base64')}">`).join('')}</body>`,
  );
  await keep(frame.page, 'phone-width');

  await page.goto(here);
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  await visit.settled();
  await keep(page, 'overview', 720);
  await page.setViewportSize(size);
  await ringing.cancel();
  await talking.hangUp();

  await page.goto(`${here}/${pbx}/extensions`);
  await page.getByRole('link', { name: '1002', exact: true }).click();
  await page.getByRole('button', { name: w.devices.add }).click();
  await page.getByLabel(w.devices.name).fill('Cecilias mobil');
  await page.getByRole('button', { name: w.devices.create }).click();
  await expect(page.getByRole('img', { name: w.credentials.qrAlt })).toBeVisible();
  await visit.settled();
  await keep(page, 'credentials');
});
