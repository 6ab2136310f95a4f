import { inject } from 'vitest';
import { PLATFORM, unique } from '../support/api';
import { acceptInvitation } from '../support/people';
import { desktop, expect, phone, test, type Visit } from '../support/visit';
import { say, type Language } from '../support/words';

/** Grows the whole tree through the portal alone: partner, company, PBX, extension, phone, person. */
async function fromNothingToAPhone(open: (opening: { size: typeof desktop; language?: Language; at?: string }) => Promise<Visit>, size: typeof desktop, language: Language): Promise<void> {
  const tag = unique();
  const partner = `Partner ${tag}`;
  const company = `Bolaget ${tag}`;
  const [partnerMail, adminMail, userMail] = [`partner.${tag}@prov.example`, `admin.${tag}@prov.example`, `ulla.${tag}@prov.example`];

  // The administrator of the demo's platform reads Swedish; the partner's people get the partner's language.
  const platform = await open({ size, at: '/' });
  await platform.signIn(PLATFORM, inject('product').password);
  await makePartner(platform, partner, `p${tag}`, partnerMail, language);

  const tenant = await open({ size, language });
  await acceptInvitation(tenant, partnerMail, partner);
  await seeBrand(tenant, partner);
  await makeCompany(tenant, company, adminMail);

  const admin = await open({ size, language });
  await acceptInvitation(admin, adminMail, company);
  await expect(admin.page.getByText(admin.w.checklist.title)).toBeVisible();
  await invite(admin, userMail);
  await makePbx(admin, `${tag}.pbx.localhost`);
  await makeExtension(admin);
  await addPhone(admin);
  await tryTheSameNumber(admin);

  const user = await open({ size, language });
  await acceptInvitation(user, userMail, company);
  await seeOwnPhone(user);
}

async function makePartner(visit: Visit, name: string, slug: string, email: string, language: Language): Promise<void> {
  const { page, w } = visit;
  await visit.nav(w.nav.tenants);
  await page.getByRole('link', { name: w.tenants.new }).click();
  const sheet = page.getByRole('dialog', { name: w.tenants.new });
  await sheet.getByRole('button', { name: w.tenants.create }).click();
  await expect(sheet.getByText(w.form.required).first()).toBeVisible();
  await sheet.getByLabel(w.tenants.name, { exact: true }).fill(name);
  await page.keyboard.press('Tab');
  await expect(sheet.getByLabel(w.tenants.slug, { exact: true }), 'a short name is suggested').toHaveValue(name.toLowerCase().replace(' ', '-'));
  await sheet.getByLabel(w.tenants.slug, { exact: true }).fill(slug);
  await sheet.getByRole('button', { name: say(w.brand.useColour, { colour: '#b4235f' }) }).click();
  await sheet.getByLabel(w.field.language).selectOption(language);
  const first = sheet.getByRole('group', { name: w.tenants.firstAdmin });
  await first.getByLabel(w.field.name).fill('Petra Partner');
  await first.getByLabel(w.field.email).fill(email);
  await visit.clean();
  await sheet.getByRole('button', { name: w.tenants.create }).click();
  await expect(visit.toast(say(w.tenants.created, { name }))).toBeVisible();
  await expect(sheet).toBeHidden();
  await page.getByRole('searchbox', { name: w.tenants.search }).fill(name);
  await expect(visit.row(name)).toBeVisible();
  await visit.clean();
}

/** The partner's own colour and name meet its people. */
async function seeBrand(visit: Visit, partner: string): Promise<void> {
  const { page, w } = visit;
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  if (visit.narrow) await page.getByRole('button', { name: w.shell.openMenu }).click();
  await expect(page.getByRole('link', { name: partner }).first()).toBeVisible();
  if (visit.narrow) await page.getByRole('button', { name: w.shell.closeMenu }).click();
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent').trim().toLowerCase())).toBe('#b4235f');
  await visit.clean();
}

async function makeCompany(visit: Visit, name: string, email: string): Promise<void> {
  const { page, w } = visit;
  await visit.nav(w.nav.customers);
  await expect(page.getByText(w.customers.emptyTitle)).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: w.customers.new }).first().click();
  const sheet = page.getByRole('dialog', { name: w.customers.new });
  await sheet.getByLabel(w.customers.name, { exact: true }).fill(name);
  await sheet.getByLabel(w.customers.orgNumber).fill('5566778898');
  await sheet.getByRole('button', { name: w.customers.create }).click();
  visit.expectTrouble(/^422 POST .*\/customers$/);
  await expect(sheet.getByText(w.server.org_number)).toBeVisible();
  await sheet.getByLabel(w.customers.orgNumber).fill('5566778899');
  await sheet.getByLabel(w.field.language).selectOption(visit.language);
  const first = sheet.getByRole('group', { name: w.customers.firstAdmin });
  await first.getByLabel(w.field.name).fill('Adam Admin');
  await first.getByLabel(w.field.email).fill(email);
  await sheet.getByRole('button', { name: w.customers.create }).click();
  await expect(visit.toast(say(w.customers.created, { name }))).toBeVisible();
  await expect(visit.row(name)).toBeVisible();
  await visit.clean();
}

async function invite(visit: Visit, email: string): Promise<void> {
  const { page, w } = visit;
  await visit.nav(w.nav.people);
  await page.getByRole('link', { name: w.people.invite }).click();
  const sheet = page.getByRole('dialog', { name: w.people.invite });
  await sheet.getByLabel(w.field.name).fill('Ulla User');
  await sheet.getByLabel(w.field.email).fill(email);
  await visit.clean();
  await sheet.getByRole('button', { name: w.people.send }).click();
  await expect(visit.toast(say(w.people.invited, { email }))).toBeVisible();
  await expect(visit.row('Ulla User')).toContainText(w.status.invited);
}

async function makePbx(visit: Visit, realm: string): Promise<void> {
  const { page, w } = visit;
  await visit.nav(w.nav.pbxs);
  await expect(page.getByText(w.pbxs.emptyTitle)).toBeVisible();
  await visit.clean();
  await page.getByRole('main').getByRole('link', { name: w.pbxs.new }).first().click();
  const sheet = page.getByRole('dialog', { name: w.pbxs.new });
  await sheet.getByLabel(w.field.name).fill('Kontoret');
  await sheet.getByLabel(w.pbxs.realm).fill(realm);
  await sheet.getByRole('button', { name: w.pbxs.create }).click();
  await expect(visit.toast(say(w.pbxs.created, { name: 'Kontoret' }))).toBeVisible();
  await page.getByRole('dialog', { name: w.pbxs.madeTitle }).getByRole('button', { name: w.extensions.new }).click();
}

async function makeExtension(visit: Visit): Promise<void> {
  const { page, w } = visit;
  const sheet = page.getByRole('dialog', { name: w.extensions.new });
  await sheet.getByLabel(w.extensions.number, { exact: true }).fill('1000');
  await sheet.getByLabel(w.field.name).fill('Ulla User');
  await sheet.getByRole('combobox', { name: w.extensions.person }).click();
  await page.getByRole('option', { name: /Ulla User/ }).click();
  await sheet.getByRole('button', { name: w.extensions.create }).click();
  await expect(visit.toast(say(w.extensions.created, { number: '1000' }))).toBeVisible();
}

/** The credentials are shown once: a UUID and a strong password, never the number; then they are gone. */
async function addPhone(visit: Visit): Promise<void> {
  const { page, w } = visit;
  await page.getByRole('button', { name: w.devices.add }).click();
  const dialog = page.getByRole('dialog', { name: w.devices.add });
  await dialog.getByLabel(w.devices.name).fill('Ullas mobil');
  await dialog.getByRole('button', { name: w.devices.create }).click();
  const shown = page.getByRole('dialog', { name: say(w.credentials.title, { name: 'Ullas mobil' }) });
  await expect(shown.getByText(w.credentials.once)).toBeVisible();
  const value = async (key: string): Promise<string> => (await shown.locator(`[data-credential="${key}"]`).textContent()) ?? '';
  expect(await value('username')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const password = await value('password');
  expect(password).toMatch(/^[A-Za-z0-9]{24,}$/);
  await expect(shown.getByRole('img', { name: w.credentials.qrAlt })).toBeVisible();
  await visit.clean();
  await shown.getByRole('button', { name: say(w.copy.what, { what: w.credentials.password }) }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(password);
  await page.keyboard.press('Escape');
  await shown.getByRole('button', { name: w.credentials.done }).click({ force: true });
  await expect(shown, 'closes only when the person has the credentials').toBeVisible();
  await shown.getByLabel(w.credentials.kept).check();
  await shown.getByRole('button', { name: w.credentials.done }).click();
  await expect(shown).toBeHidden();
  await expect(page.getByText('Ullas mobil')).toBeVisible();
  await page.reload();
  await expect(page.getByText('Ullas mobil')).toBeVisible();
  expect(await page.content()).not.toContain(password);
  await visit.clean();
  await page.getByRole('dialog').getByRole('button', { name: w.action.cancel }).click();
}

async function tryTheSameNumber(visit: Visit): Promise<void> {
  const { page, w } = visit;
  await page.getByRole('link', { name: w.extensions.new }).click();
  const sheet = page.getByRole('dialog', { name: w.extensions.new });
  await sheet.getByLabel(w.extensions.number, { exact: true }).fill('1000');
  await sheet.getByLabel(w.field.name).fill('En till');
  await sheet.getByRole('button', { name: w.extensions.create }).click();
  visit.expectTrouble(/^409 POST .*\/extensions$/);
  await expect(sheet.getByText(w.server.extension_number_taken)).toBeVisible();
  await expect(sheet.getByLabel(w.extensions.number, { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(sheet.getByLabel(w.field.name), 'what was typed stays').toHaveValue('En till');
  await visit.clean();
  await sheet.getByRole('button', { name: w.action.cancel }).click();
  await page.getByRole('alertdialog', { name: w.unsaved.title }).getByRole('button', { name: w.unsaved.leave }).click();
  await expect(sheet).toBeHidden();
}

async function seeOwnPhone(visit: Visit): Promise<void> {
  const { page, w } = visit;
  await expect(page).toHaveURL('/me');
  if (visit.narrow) await page.getByRole('button', { name: w.shell.openMenu }).click();
  const links = page.getByRole('navigation', { name: w.shell.navigation }).getByRole('link');
  await expect(links).toHaveText([w.nav.myHome, w.nav.myCalls, w.messages.mine, w.nav.myPhones, w.nav.forwarding, w.nav.greeting, w.nav.profile, w.nav.security, w.nav.rights]);
  await links.filter({ hasText: w.nav.myPhones }).click();
  await expect(page.getByRole('main').getByText('Ullas mobil')).toBeVisible();
  await visit.clean();
}

test('from nothing to a phone: partner, company, PBX, extension and person, on a desk', async ({ open }) => {
  await fromNothingToAPhone(open, desktop, 'sv');
});

test('from nothing to a phone, in English on a phone-sized screen', async ({ open }) => {
  await fromNothingToAPhone(open, phone, 'en');
});
