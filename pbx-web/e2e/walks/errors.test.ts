import { makeCompany, makePbx, PASSWORD, PLATFORM } from '../support/api';
import { expect, phone, test } from '../support/visit';

const problem = (status: number, code: string, detail: string) => ({ status, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Refused', status, code, detail, request_id: 'begaran-4711' }) });

test('what the server refuses is told in a notice, with its reason', async ({ open }) => {
  const company = await makeCompany();
  await makePbx(company);
  const visit = await open({ as: PLATFORM, at: `/tenants/${company.tenant}/customers` });
  const { page, w } = visit;
  visit.expectTrouble(/^409 DELETE /, /^503 DELETE /);
  await page.getByRole('searchbox').fill(company.name);
  await page.getByRole('link', { name: w.customers.editNamed.replace('{{name}}', company.name) }).click();
  await page.getByRole('button', { name: w.action.delete }).click();
  const question = page.getByRole('alertdialog');
  await question.getByLabel(w.confirm.type.replace('{{word}}', company.name)).fill(company.name);
  await question.getByRole('button', { name: w.action.delete }).click();
  await expect(visit.toast(w.server.customer_has_pbxs)).toBeVisible();
  await visit.clean();
  // A code that the portal has no words for is told in the server's own.
  await page.route('**/customers/*', (route) => (route.request().method() === 'DELETE' ? route.fulfill(problem(409, 'the_moon_is_full', 'Not while the moon is full.')) : route.fallback()));
  await question.getByRole('button', { name: w.action.delete }).click();
  await expect(visit.toast('Not while the moon is full.')).toBeVisible();
});

test('faults are shown at their fields, by the portal and by the server', async ({ open }) => {
  const visit = await open({ as: PLATFORM, at: '/platform/tenants/new', size: phone });
  const { page, w } = visit;
  const sheet = page.getByRole('dialog', { name: w.tenants.new });
  await sheet.getByRole('button', { name: w.tenants.create }).click();
  await expect(sheet.getByLabel(w.tenants.name, { exact: true })).toBeFocused();
  await expect(sheet.getByLabel(w.tenants.name, { exact: true })).toHaveAccessibleDescription(new RegExp(w.form.required));
  await sheet.getByLabel(w.tenants.name, { exact: true }).fill('Prov');
  await page.keyboard.press('Tab');
  await expect(sheet.getByLabel(w.tenants.slug, { exact: true })).toHaveValue('prov');
  await sheet.getByLabel(w.tenants.slug, { exact: true }).fill('nordtel');
  await sheet.getByLabel(w.tenants.support).fill('ingen adress');
  visit.expectTrouble(/^(409|422) POST \/api\/v1\/tenants$/);
  await sheet.getByRole('button', { name: w.tenants.create }).click();
  await expect(sheet.getByText(w.server.email, { exact: true })).toBeVisible();
  await sheet.getByLabel(w.tenants.support).fill('');
  await sheet.getByRole('button', { name: w.tenants.create }).click();
  await expect(sheet.getByText(w.server.slug_taken)).toBeVisible();
  await expect(sheet.getByLabel(w.tenants.slug, { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await visit.clean();
});

test('while data is on its way its place is held', async ({ open }) => {
  const visit = await open({ as: PLATFORM });
  const { page, w } = visit;
  let release: () => void = () => undefined;
  const held = new Promise<void>((done) => {
    release = done;
  });
  await page.route('**/api/v1/tenants?*', async (route) => {
    await held;
    await route.fallback();
  });
  await page.goto('/platform/tenants');
  await expect(page.getByRole('heading', { level: 1, name: w.tenants.title })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: w.state.loading })).toBeVisible();
  await expect(page.getByRole('table')).toHaveCount(0);
  release();
  await expect(visit.row('Nordtel')).toBeVisible();
  await expect(page.getByText(w.state.loading, { exact: true })).toHaveCount(0);
});

test('a server that fails leads to an error with a way to try again, and no invented data', async ({ open }) => {
  const visit = await open({ as: PLATFORM });
  const { page, w } = visit;
  visit.expectTrouble(/^500 GET \/api\/v1\/tenants$/);
  await page.route('**/api/v1/tenants?*', (route) => route.fulfill(problem(500, 'internal', '')));
  await page.goto('/platform/tenants');
  const fault = page.getByRole('alert').filter({ hasText: w.error.couldNotLoad });
  await expect(fault).toContainText(w.server.internal);
  await expect(fault).toContainText('begaran-4711');
  await expect(page.getByRole('table')).toHaveCount(0);
  await visit.clean();
  await page.unroute('**/api/v1/tenants?*');
  await fault.getByRole('button', { name: w.action.retry }).click();
  await expect(visit.row('Nordtel')).toBeVisible();
});

test('a server that is gone is told as such, and the page recovers by itself when it is back', async ({ open }) => {
  const visit = await open({ as: PLATFORM, at: '/platform' });
  const { page, w } = visit;
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  visit.expectTrouble(/^net::ERR_CONNECTION_REFUSED /);
  await page.route(/\/(api|healthz)/, (route) => route.abort('connectionrefused'));
  await visit.nav(w.nav.tenants);
  await expect(page.getByText(w.offline.server)).toBeVisible();
  await expect(page.getByText(w.error.network)).toBeVisible();
  await expect(page.getByRole('button', { name: w.action.retry })).toBeVisible();
  await visit.clean();
  await page.unrouteAll();
  await expect(visit.toast(w.offline.back)).toBeVisible();
  await expect(visit.row('Nordtel')).toBeVisible();
  await expect(page.getByText(w.offline.server)).toHaveCount(0);
});

test('losing the network shows a banner, and what happened meanwhile is there when it returns', async ({ open }) => {
  const company = await makeCompany();
  const pbx = await makePbx(company);
  const visit = await open({ as: company.admin, password: PASSWORD, at: `/tenants/${company.tenant}/customers/${company.id}/people`, size: phone });
  const { page, w, context } = visit;
  await expect(visit.row('Astrid Admin')).toBeVisible();
  visit.expectTrouble(/^net::ERR_INTERNET_DISCONNECTED /);
  await context.setOffline(true);
  await expect(page.getByText(w.offline.device)).toBeVisible();
  await visit.clean();
  await context.setOffline(false);
  await expect(page.getByText(w.offline.device)).toHaveCount(0);
  await visit.nav(w.nav.pbxs);
  await expect(visit.row('Kontoret')).toContainText(pbx.realm);
});
