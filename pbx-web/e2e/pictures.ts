import { mkdir } from 'node:fs/promises';
import type { Call, Phone } from './phone/phone';
import { ADMIN, Api } from './support/api';
import { begin, converse, folder, keep, keepScreens, phones, size, talk } from './support/picture';
import { Softphone } from './support/softphone';
import { expect, phone as small, test, type Visit } from './support/visit';

/** The mailbox answers, and gets no message. */
async function leave(call: Call): Promise<void> {
  await call.isAnswered();
  await talk(2);
  await call.hangUp();
}

/** A morning at the bakery: every way in which a call may end. */
async function morning(phone: (extension: string) => Phone): Promise<void> {
  await converse(phone('1000'), phone('1001'), '1001', 4, 'caller');
  const busy = await phone('1003').dial('1002');
  (await phone('1002').called()).refuse(486, 'Busy Here');
  await leave(busy);
  await Promise.all([converse(phone('1004'), phone('1000'), '1000', 7, 'callee'), converse(phone('1002'), phone('1003'), '1003', 5, 'caller')]);
  const declined = await phone('1001').dial('1004');
  (await phone('1004').called()).refuse(603, 'Decline');
  await leave(declined);
  await (await phone('1000').dial('1234')).ended();
  const impatient = await phone('1001').dial('1003');
  await phone('1003').called();
  await talk(2);
  await impatient.cancel();
  await converse(phone('1003'), phone('1000'), '1000', 9, 'callee');
  await converse(phone('1001'), phone('1004'), '1004', 3, 'caller');
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
  await keepScreens(frame, 'phone-width', screens);

  await page.goto(here);
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  await visit.settled();
  await keep(page, 'overview', 720);
  await page.setViewportSize(size);
  // By now the mailbox may have it.
  await ringing.cancel().catch(() => ringing.hangUp());
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

test('the pictures of the phone in the browser', async ({ open }) => {
  await mkdir(folder, { recursive: true });
  const phone = await phones();
  const ring = async () => {
    const calling = await phone('1001').dial('1000');
    // Annas other telephone rings as well, and does not answer.
    await phone('1000').called();
    return calling;
  };
  const wide = await Softphone.of(await open({ as: ADMIN, size, scale: 1.5 }), 0);
  const { w } = wide.visit;
  await wide.press(w.phone.fold);
  const first = await ring();
  await expect(wide.caller('Bertil Berg')).toBeVisible();
  await wide.visit.settled();
  await keep(wide.visit.page, 'phone-incoming', 640);
  await wide.visit.page.setViewportSize(size);
  await wide.answer('Bertil Berg');
  await wide.talks('Bertil Berg');
  await expect(wide.dock.getByText(w.phone.sound.good)).toBeVisible();
  await talk(8);
  await wide.visit.settled();
  await keep(wide.visit.page, 'phone-talk', 720);
  await first.hangUp();
  await wide.visit.page.close();

  const narrow = await Softphone.of(await open({ as: ADMIN, size: small, scale: 2 }), 0);
  const screens: Buffer[] = [];
  const shoot = async () => {
    await narrow.visit.settled();
    screens.push(await narrow.visit.page.screenshot());
  };
  await narrow.press(w.phone.tab.colleagues);
  await expect(narrow.dock.getByText('Cecilia Ceder')).toBeVisible();
  await shoot();
  const second = await ring();
  await narrow.answer('Bertil Berg');
  await narrow.talks('Bertil Berg');
  await expect(narrow.dock.getByText(w.phone.sound.good)).toBeVisible();
  await talk(6);
  await shoot();
  await second.hangUp();
  const frame = await open({ size: { width: 860, height: 892 }, scale: 1.5 });
  await keepScreens(frame, 'phone-pocket', screens);
});
