import { asPlatform, makeCompany, makePbx, makePhone, PASSWORD } from '../support/api';
import { desktop, expect, phone, test } from '../support/visit';
import { say } from '../support/words';

const many = Array.from({ length: 30 }, (_, index): [string, string] => [String(2000 + index), `Person ${String(30 - index).padStart(2, '0')}`]);

test('a list is searched, sorted and paged, and every view has an address', async ({ open }) => {
  const company = await makeCompany();
  const pbx = await makePbx(company, many);
  const here = `/tenants/${company.tenant}/customers/${company.id}/pbxs/${pbx.id}/extensions`;
  const visit = await open({ as: company.admin, password: PASSWORD, at: here });
  const { page, w } = visit;
  const pages = page.getByRole('navigation', { name: w.table.pages });
  const rows = page.getByRole('table', { name: w.extensions.title }).getByRole('row');
  await expect(pages).toContainText(say(w.table.range, { from: 1, to: 25, total: 30 }));
  await expect(rows).toHaveCount(26);
  await expect(rows.nth(1)).toContainText('2000');
  await visit.clean();

  await pages.getByRole('button', { name: w.table.next }).click();
  await expect(rows).toHaveCount(6);
  await expect(page).toHaveURL(`${here}?page=2`);
  await page.reload();
  await expect(pages).toContainText(say(w.table.page, { page: 2, pages: 2 }));

  await page.getByRole('button', { name: w.field.name }).click();
  await expect(page.getByRole('columnheader', { name: w.field.name })).toHaveAttribute('aria-sort', 'ascending');
  await expect(rows.nth(1)).toContainText('Person 01');
  await page.getByRole('button', { name: w.field.name }).click();
  await expect(rows.nth(1)).toContainText('Person 30');

  await page.keyboard.press('/');
  const search = page.getByRole('searchbox', { name: w.extensions.search });
  await expect(search).toBeFocused();
  await search.fill('Person 07');
  await expect(rows).toHaveCount(2);
  await expect(page).toHaveURL(/search=Person\+07/);
  await search.fill('ingen heter så');
  await expect(page.getByText(w.table.nothingFound)).toBeVisible();
  await visit.clean();
  await page.getByRole('button', { name: w.table.clearFilters }).first().click();
  await expect(rows).toHaveCount(26);
});

test('an empty list says what it is for and offers the first step', async ({ open }) => {
  const company = await makeCompany();
  const pbx = await makePbx(company);
  const here = `/tenants/${company.tenant}/customers/${company.id}`;
  const visit = await open({ as: company.admin, password: PASSWORD, at: `${here}/pbxs/${pbx.id}/extensions`, size: phone });
  const { page, w } = visit;
  await expect(page.getByText(w.extensions.emptyTitle)).toBeVisible();
  await expect(page.getByText(w.extensions.emptyText)).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: w.extensions.new }).last().click();
  await expect(page.getByRole('dialog', { name: w.extensions.new })).toBeVisible();
  for (const [path, title] of [
    ['/numbers', w.numbers.emptyTitle],
    [`/pbxs/${pbx.id}/online`, w.online.emptyTitle],
    [`/pbxs/${pbx.id}/live`, w.live.emptyTitle],
    [`/pbxs/${pbx.id}/calls`, w.calls.emptyTitle],
  ] as const) {
    await page.goto(here + path);
    await expect(page.getByText(title)).toBeVisible();
    await visit.clean();
  }
});

test('destroying asks first, says what is lost, and tells when it is done', async ({ open }) => {
  const company = await makeCompany();
  const pbx = await makePbx(company, [['1000', 'Anna Prov']]);
  await makePhone(pbx, '1000');
  const here = `/tenants/${company.tenant}/customers/${company.id}/pbxs/${pbx.id}`;
  const visit = await open({ as: company.admin, password: PASSWORD, at: `${here}/extensions`, size: desktop });
  const { page, w } = visit;
  // What is removed may be asked for once more before its panel has gone.
  visit.expectTrouble(/^404 GET .*\/(devices|audio|pbxs\/[0-9a-f-]+|extensions\/[0-9a-f-]+)$/);
  await page.getByRole('link', { name: '1000', exact: true }).click();
  await page.getByRole('button', { name: w.extensions.delete }).click();
  const question = page.getByRole('alertdialog', { name: say(w.extensions.deleteTitle, { number: '1000' }) });
  await expect(question).toContainText(say(w.extensions.deleteText, { devices: 1 }));
  await visit.clean();
  await question.getByRole('button', { name: w.action.cancel }).click();
  await expect(question).toBeHidden();
  await page.getByRole('button', { name: w.extensions.delete }).click();
  await question.getByRole('button', { name: w.action.delete }).click();
  await expect(visit.toast(say(w.extensions.deleted, { number: '1000' }))).toBeVisible();
  await expect(page.getByText(w.extensions.emptyTitle), 'the list is asked for again').toBeVisible();

  // A whole PBX goes only when its name has been typed.
  await page.goto(`${here}/settings`);
  await page.getByRole('button', { name: w.pbxs.delete }).click();
  const all = page.getByRole('alertdialog', { name: say(w.pbxs.deleteTitle, { name: 'Kontoret' }) });
  await expect(all.getByRole('button', { name: w.action.delete })).toHaveAttribute('aria-disabled', 'true');
  await all.getByLabel(say(w.confirm.type, { word: 'Kontoret' })).fill('Kontoret');
  await all.getByRole('button', { name: w.action.delete }).click();
  await expect(visit.toast(w.pbxs.deleted)).toBeVisible();
  await expect(page.getByText(w.pbxs.emptyTitle)).toBeVisible();
});

test('suspending a person asks first and can be undone', async ({ open }) => {
  const company = await makeCompany();
  const api = await asPlatform();
  await api.post(`${company.base}/users`, { email: `sune.${company.id}@prov.example`, name: 'Sune Svensson', role: 'user' });
  const visit = await open({ as: company.admin, password: PASSWORD, at: `/tenants/${company.tenant}/customers/${company.id}/people`, size: phone });
  const { page, w } = visit;
  await page.getByRole('link', { name: 'Sune Svensson' }).click();
  await page.getByRole('button', { name: w.action.suspend }).click();
  const question = page.getByRole('alertdialog', { name: say(w.people.suspendTitle, { name: 'Sune Svensson' }) });
  await expect(question).toContainText(w.people.suspendText);
  await question.getByRole('button', { name: w.action.suspend }).click();
  await expect(visit.toast(say(w.people.suspended, { name: 'Sune Svensson' }))).toBeVisible();
  await visit.page.getByRole('region', { name: w.notices }).getByRole('button', { name: w.action.undo }).click();
  await expect(page.getByRole('dialog').getByText(w.status.suspended, { exact: true })).toHaveCount(0);
});
