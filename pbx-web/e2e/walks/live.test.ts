import { text } from 'node:stream/consumers';
import { inject } from 'vitest';
import { makeCompany, makePbx, makePhone, makePerson, PASSWORD, type Company, type MadePbx } from '../support/api';
import { Phone } from '../phone/phone';
import { desktop, expect, phone as small, test } from '../support/visit';

/** A company with two phones that have registered. */
async function twoPhones(): Promise<{ company: Company; pbx: MadePbx; anna: Phone; bo: Phone; here: string; close: () => Promise<void> }> {
  const company = await makeCompany();
  const pbx = await makePbx(company, [
    ['1000', 'Anna Prov'],
    ['1001', 'Bo Prov'],
  ]);
  const { sip } = inject('product');
  const anna = await Phone.start(sip, await makePhone(pbx, '1000'), 'Annas telefon');
  const bo = await Phone.start(sip, await makePhone(pbx, '1001'), 'Bos telefon');
  await anna.connect();
  await bo.connect();
  const close = async () => {
    await anna.close();
    await bo.close();
  };
  return { company, pbx, anna, bo, here: `/tenants/${company.tenant}/customers/${company.id}/pbxs/${pbx.id}`, close };
}

test('a phone that registers is seen at once, and one that leaves is gone', async ({ open }) => {
  const { company, bo, here, close } = await twoPhones();
  const visit = await open({ as: company.admin, password: PASSWORD, at: `${here}/online` });
  const { page, w } = visit;
  await expect(page.getByText(w.feed.live, { exact: true })).toBeVisible();
  const rows = page.getByRole('table', { name: w.online.title }).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: 'Annas telefon' })).toContainText('1000');
  await visit.clean();
  await bo.register(0);
  await expect(rows).toHaveCount(2, { timeout: 5000 });
  await bo.register();
  await expect(rows).toHaveCount(3, { timeout: 5000 });
  await close();
});

test('the generated name and password let a phone in, and the extension number never does', async ({ open }) => {
  const company = await makeCompany();
  const pbx = await makePbx(company, [['1000', 'Anna Prov']]);
  const { sip } = inject('product');
  const login = await makePhone(pbx, '1000');
  const right = await Phone.start(sip, login, 'Annas telefon');
  await right.connect();
  const forged = await Phone.start(sip, { ...login, username: '1000' }, 'Angripare');
  expect(await forged.register()).toBe(403);
  const visit = await open({ as: company.admin, password: PASSWORD, at: `/tenants/${company.tenant}/customers/${company.id}/audit` });
  await expect(visit.page.getByText(visit.w.audit.sip.extension_as_user).first()).toBeVisible();
  await visit.clean();
  await right.close();
  await forged.close();
});

test('a call is seen while it rings and while people talk, and afterwards in the list with its story', async ({ open }) => {
  const { company, anna, bo, here, close } = await twoPhones();
  const visit = await open({ as: company.admin, password: PASSWORD, at: `${here}/live`, size: desktop });
  const { page, w } = visit;
  await expect(page.getByText(w.feed.live, { exact: true })).toBeVisible();
  await expect(page.getByText(w.live.emptyTitle)).toBeVisible();

  const calling = await anna.dial('1001');
  const called = await bo.called();
  const card = page.getByRole('list', { name: w.live.title }).getByRole('listitem').filter({ hasText: 'Anna Prov' }).first();
  await expect(card.getByText(w.live.state.ringing, { exact: true })).toBeVisible({ timeout: 5000 });
  await expect(card).toContainText('Bo Prov');
  called.answer();
  await calling.isAnswered();
  await expect(card.getByText(w.live.state.connected, { exact: true })).toBeVisible({ timeout: 5000 });
  await expect.poll(() => calling.sound.heard, { message: 'sound reaches the caller' }).toBeGreaterThan(10);
  await expect.poll(() => called.sound.heard, { message: 'sound reaches the called' }).toBeGreaterThan(10);
  await visit.clean();
  await calling.hangUp();
  await called.ended();
  await expect(page.getByText(w.live.emptyTitle)).toBeVisible({ timeout: 5000 });

  const busy = await anna.dial('1001');
  (await bo.called()).refuse();
  expect(await busy.ended()).toBe('486');

  await visit.nav(w.nav.calls);
  const rows = page.getByRole('table', { name: w.calls.title }).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toContainText(w.outcome.busy);
  await expect(rows.nth(2)).toContainText(w.outcome.normal);
  await page.getByRole('combobox', { name: w.calls.outcome }).selectOption('normal');
  await expect(rows).toHaveCount(2);
  await visit.clean();

  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: w.calls.csv }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toMatch(/^samtal-\d{4}-\d{2}-\d{2}\.csv$/);
  const lines = (await text(await file.createReadStream())).trim().split('\n');
  expect(lines, 'a heading and the one call that the filter lets through').toHaveLength(2);
  expect(lines[1]).toContain('Anna Prov');

  await rows.nth(1).getByRole('link').click();
  const story = page.getByRole('dialog');
  await expect(story.getByText(w.calls.why)).toBeVisible();
  expect(await story.getByRole('listitem').count()).toBeGreaterThan(2);
  await expect(story.getByText(w.hungUpBy.caller, { exact: true })).toBeVisible();
  await visit.clean();
  await close();
});

test('an administrator ends a call from the portal, after being asked', async ({ open }) => {
  const { company, anna, bo, here, close } = await twoPhones();
  const visit = await open({ as: company.admin, password: PASSWORD, at: `${here}/live`, size: small });
  const { page, w } = visit;
  const calling = await anna.dial('1001');
  (await bo.called()).answer();
  await calling.isAnswered();
  await page.getByRole('listitem').getByText(w.live.actions, { exact: true }).click();
  await page.getByRole('menuitem', { name: w.live.hangUp }).click();
  const question = page.getByRole('alertdialog', { name: w.live.hangUpTitle });
  await expect(question).toContainText('Anna Prov');
  await question.getByRole('button', { name: w.live.hangUp }).click();
  await expect(visit.toast(w.live.ended)).toBeVisible();
  expect(await calling.ended()).toBe('BYE');
  await expect(page.getByText(w.live.emptyTitle)).toBeVisible();
  await visit.clean();
  await close();
});

test('the figures of a dashboard follow what happens, without a reload', async ({ open }) => {
  const { company, anna, bo, here, close } = await twoPhones();
  const manager = await makePerson(company, 'manager', 'Mona Manager');
  const visit = await open({ as: manager, password: PASSWORD, at: here.replace(/\/pbxs\/.*/, '') });
  const { page, w } = visit;
  const figure = (label: string) => page.getByRole('main').getByRole('listitem').filter({ hasText: label });
  await expect(figure(w.overview.phonesOnline)).toContainText('2');
  await expect(figure(w.overview.liveCalls)).toContainText('0');
  const calling = await anna.dial('1001');
  (await bo.called()).answer();
  await calling.isAnswered();
  await expect(figure(w.overview.liveCalls)).toContainText('1');
  await calling.hangUp();
  await expect(figure(w.overview.liveCalls)).toContainText('0');
  await expect(page.getByText(w.overview.callsText.replace('{{total}}', '1'))).toBeVisible();
  await close();
});
