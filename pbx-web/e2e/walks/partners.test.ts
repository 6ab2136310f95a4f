import { Api, asPlatform, linkFor, PASSWORD, PLATFORM, unique, type Listed, type Named } from '../support/api';
import { acceptInvitation } from '../support/people';
import { desktop, expect, phone, test, type Visit } from '../support/visit';
import { say } from '../support/words';

/** Makes a partner in the portal, with an own address and a first administrator. */
async function makePartner(visit: Visit, name: string, host: string, email: string): Promise<void> {
  const { page, w } = visit;
  await page.goto('/platform/tenants/new');
  const sheet = page.getByRole('dialog', { name: w.tenants.new });
  await sheet.getByLabel(w.tenants.name, { exact: true }).fill(name);
  await page.keyboard.press('Tab');
  await sheet.getByLabel(w.tenants.host).fill(host);
  const first = sheet.getByRole('group', { name: w.tenants.firstAdmin });
  await first.getByLabel(w.field.name).fill(`Chef ${name}`);
  await first.getByLabel(w.field.email).fill(email);
  await sheet.getByRole('button', { name: w.tenants.create }).click();
  await expect(visit.toast(say(w.tenants.created, { name }))).toBeVisible();
}

test('two partners with people in both are made within five minutes, and neither sees the other', async ({ open }) => {
  const began = Date.now();
  const tag = unique();
  const platform = await open({ as: PLATFORM, at: '/platform' });
  const names = [`Alfa ${tag}`, `Beta ${tag}`] as const;
  const mails = [`alfa.${tag}@prov.example`, `beta.${tag}@prov.example`] as const;
  await makePartner(platform, names[0], `alfa-${tag}.pbx.example`, mails[0]);
  await makePartner(platform, names[1], `beta-${tag}.pbx.example`, mails[1]);
  const { page, w } = platform;
  await page.getByRole('searchbox', { name: w.tenants.search }).fill(tag);
  for (const [index, name] of names.entries()) {
    await expect(platform.row(name)).toContainText(`${['alfa', 'beta'][index] ?? ''}-${tag}.pbx.example`);
    await expect(platform.row(name)).toContainText(w.status.active);
  }
  await expect(page.getByRole('table', { name: w.tenants.title }).getByRole('row')).toHaveCount(3);

  const homes: string[] = [];
  for (const [index, name] of names.entries()) {
    const visit = await open({ size: index === 0 ? desktop : phone });
    await acceptInvitation(visit, mails[index] ?? '', name);
    await expect(visit.page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
    homes.push(new URL(visit.page.url()).pathname);
    await visit.nav(w.nav.customers);
    await expect(visit.page.getByText(w.customers.emptyTitle)).toBeVisible();
    await visit.page.getByRole('main').getByRole('link', { name: w.customers.new }).first().click();
    const sheet = visit.page.getByRole('dialog', { name: w.customers.new });
    await sheet.getByLabel(w.customers.name, { exact: true }).fill('Samma Namn AB');
    await sheet.getByRole('button', { name: w.customers.create }).click();
    await expect(visit.row('Samma Namn AB')).toHaveCount(1);
    if (index === 1) {
      await visit.page.goto(homes[0] ?? '');
      await expect(visit.page.getByRole('heading', { name: w.notFound.title })).toBeVisible();
    }
  }
  const beta = await Api.as(mails[1], PASSWORD);
  expect((await beta.ask('GET', `/api/v1${homes[0] ?? ''}/customers`)).status).toBe(404);
  expect(Date.now() - began).toBeLessThan(5 * 60_000);
});

test('a partner sets its name, colour and logo, and its people meet them before and after signing in', async ({ open }) => {
  const tag = unique();
  const api = await asPlatform();
  const partner = await api.post<Named>('/api/v1/tenants', { name: `Gamma ${tag}`, slug: `gamma-${tag}`, brand_name: `Gamma ${tag}`, accent: '#0f6e63', locale: 'sv', time_zone: 'Europe/Stockholm' });
  const email = `gamma.${tag}@prov.example`;
  await api.post(`/api/v1/tenants/${partner.id}/users`, { email, name: 'Gun Gamma' });
  const visit = await open();
  await acceptInvitation(visit, email, partner.name);
  const { page, w } = visit;
  await visit.nav(w.nav.brand);
  await page.getByLabel(w.brand.name).fill(`Gamma Voice ${tag}`);
  await page.getByLabel(w.brand.accent, { exact: true }).fill('inte en färg');
  await page.getByRole('button', { name: w.action.save }).click();
  visit.expectTrouble(/^422 PATCH /);
  await expect(page.getByText(w.server.colour)).toBeVisible();
  await page.getByLabel(w.brand.accent, { exact: true }).fill('#5b4bc4');
  await visit.clean();
  await page.getByRole('button', { name: w.action.save }).click();
  await expect(visit.toast(w.saved)).toBeVisible();
  // A red square of 8 pixels.
  const picture = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 8;
    const pen = canvas.getContext('2d');
    if (pen) {
      pen.fillStyle = '#cc0000';
      pen.fillRect(0, 0, 8, 8);
    }
    return canvas.toDataURL('image/png').split(',')[1] ?? '';
  });
  await page.locator('input[type="file"]').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') });
  await expect(visit.toast(w.brand.logoSaved)).toBeVisible();
  await visit.clean();

  const stranger = await open({ size: phone, at: `/at/gamma-${tag}` });
  await expect(stranger.page.getByText(`Gamma Voice ${tag}`)).toBeVisible();
  await expect(stranger.page.locator('header img')).toHaveJSProperty('naturalWidth', 8);
  await expect.poll(() => stranger.page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent').trim().toLowerCase())).toBe('#5b4bc4');
  await stranger.clean();

  // The letters bear it too.
  await api.post(`/api/v1/tenants/${partner.id}/users`, { email: `till.${tag}@prov.example`, name: 'Tilda Till' });
  await linkFor(`till.${tag}@prov.example`, '/invitation/');
  const { items } = await api.get<Listed<{ id: string; subject: string }>>(`/api/v1/platform/mails?search=till.${tag}&limit=1&offset=0`);
  const letter = await api.get<{ text: string; html: string }>(`/api/v1/platform/mails/${items[0]?.id ?? ''}`);
  expect(`${items[0]?.subject ?? ''} ${letter.text}`).toContain(`Gamma Voice ${tag}`);
  expect(letter.html.toLowerCase()).toContain('#5b4bc4');
});
