import { drawn } from '../support/drawn';
import { Api, makeCompany, makePerson, PASSWORD, USER } from '../support/api';
import { makeReachable } from '../support/person';
import { expect, phone, test } from '../support/visit';
import { say } from '../support/words';

test('the start page tells of the day, of whether everything works and of what happens now, and nothing of money', async ({ open }) => {
  const visit = await open({ as: USER, at: '/me' });
  const { page, w } = visit;
  const main = page.getByRole('main');
  for (const figure of [w.me.home.calls, w.me.home.minutes, w.me.home.missed, w.me.home.messages]) await expect(main.getByText(figure)).toBeVisible();
  await expect(main.getByText(new RegExp(`${w.me.health.operational}|${w.me.health.degraded}`)).first()).toBeVisible();
  await expect(main.getByText(w.me.now.title, { exact: true })).toBeVisible();
  await expect(main).not.toContainText(/faktur|kostnad|\bkr\b|pris/i);
  // What one lacks says who can give it, and leads nowhere else.
  await main.getByRole('button', { name: new RegExp(w.me.ability.allCalls) }).click();
  const why = page.getByRole('dialog', { name: w.me.ability.allCalls });
  await expect(why).toContainText(say(w.me.rights.needs, { role: w.role.manager.toLowerCase(), who: w.role.customer_admin.toLowerCase() }));
  await visit.clean();
});

test('someone without an extension is told whom to ask, on every page that needs one', async ({ open }) => {
  const email = await makePerson(await makeCompany(), 'user', 'Uno Utan');
  const visit = await open({ as: email, password: PASSWORD, at: '/me', size: phone });
  const { page, w } = visit;
  for (const address of ['/me', '/me/phones', '/me/forwarding', '/me/greeting']) {
    await page.goto(address);
    await expect(page.getByText(w.me.noExtensionTitle)).toBeVisible();
    await expect(page.getByText(w.me.noExtensionText)).toBeVisible();
  }
  await visit.clean();
});

test('forwarding and do-not-disturb say in a sentence what happens now', async ({ open }) => {
  const { email, extension, colleague } = await makeReachable();
  const visit = await open({ as: email, password: PASSWORD, at: '/me/forwarding' });
  const { page, w } = visit;
  const now = page.getByRole('main').getByRole('status').filter({ hasText: w.me.now.title });
  await expect(now).toContainText(w.me.now.mailbox);

  await page.getByRole('switch', { name: w.me.forward.dnd }).click();
  await expect(visit.toast(w.me.forward.dndOn)).toBeVisible();
  await expect(now).toContainText(w.me.now.dnd);

  // To a number: what is no number is said at its field.
  await page.getByLabel(w.me.forward.offline).selectOption('outside');
  await page.getByRole('button', { name: w.action.save }).click();
  await expect(page.getByText(w.me.forward.needsNumber)).toBeVisible();
  await page.getByLabel(w.me.forward.number).fill('12');
  await page.getByRole('button', { name: w.action.save }).click();
  await expect(page.getByText(w.server.phone_number)).toBeVisible();
  await visit.clean();
  await page.getByLabel(w.me.forward.number).fill('070-123 45 67');

  // To a colleague, always.
  await page.getByLabel(w.me.forward.always, { exact: true }).selectOption('extension');
  await page.getByRole('combobox', { name: w.me.forward.who }).fill('Bo');
  await page.getByRole('option', { name: /Bo Kollega/ }).click();
  await page.getByRole('button', { name: w.action.save }).click();
  await expect(visit.toast(w.saved)).toBeVisible();
  await expect(now).toContainText(say(w.me.now.always, { to: 'Bo Kollega (1002)' }));
  const mine = (await (await Api.as(email, PASSWORD)).get<{ items: { extension: { id: string; settings: { forwarding: unknown; do_not_disturb: boolean } } }[] }>('/api/v1/me/extension')).items[0]?.extension;
  expect(mine?.id).toBe(extension);
  expect(mine?.settings.do_not_disturb).toBe(true);
  expect(mine?.settings.forwarding).toMatchObject({ always: { kind: 'extension', extension: colleague }, offline: { kind: 'outside', number: '+46701234567' } });

  await page.getByLabel(w.me.forward.always, { exact: true }).selectOption('none');
  await page.getByRole('button', { name: w.action.save }).click();
  await expect(now).toContainText(w.me.now.dnd);
  await visit.clean();
});

test('a person adds a desk phone of their own, sees its credentials once, and removes it', async ({ open }) => {
  const { email } = await makeReachable();
  const visit = await open({ as: email, password: PASSWORD, at: '/me/phones' });
  const { page, w } = visit;
  await page.getByRole('main').getByRole('button', { name: w.devices.add }).click();
  await page.getByLabel(w.devices.name).fill('Stinas bordstelefon');
  await page.getByRole('button', { name: w.devices.create }).click();
  const shown = page.getByRole('dialog', { name: say(w.credentials.title, { name: 'Stinas bordstelefon' }) });
  await expect(shown.getByRole('img', { name: w.credentials.qrAlt })).toBeVisible();
  expect((await shown.locator('[data-credential=password]').innerText()).length).toBeGreaterThan(11);
  await visit.clean();
  await shown.getByLabel(w.credentials.kept).check();
  await shown.getByRole('button', { name: w.credentials.done }).click();
  const row = page.getByRole('list', { name: w.devices.title }).getByRole('listitem').filter({ hasText: 'Stinas bordstelefon' });
  await expect(row).toContainText(w.online.no);
  await row.getByRole('button', { name: say(w.devices.deleteNamed, { name: 'Stinas bordstelefon' }) }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: w.action.delete }).click();
  await expect(visit.toast(w.devices.deleted)).toBeVisible();
  await expect(row).toHaveCount(0);
});

test('a picture is cut to a square in the browser, shown where the name stands, and removed', async ({ open }) => {
  const { email } = await makeReachable();
  const visit = await open({ as: email, password: PASSWORD, at: '/me/profile' });
  const { page, w } = visit;
  const account = page.getByRole('button', { name: new RegExp(`^${w.shell.account}`) });
  await expect(account).toContainText('SS');
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: w.me.avatar.choose }).click();
  await (await chooser).setFiles({ name: 'anteckning.txt', mimeType: 'text/plain', buffer: Buffer.from('hej') });
  await expect(page.getByText(say(w.me.avatar.kindRule, { name: 'anteckning.txt' }))).toBeVisible();
  await page.locator('input[type=file]').setInputFiles({ name: 'jag.png', mimeType: 'image/png', buffer: await drawn(page) });
  const crop = page.getByRole('dialog', { name: w.me.avatar.cropTitle });
  await expect(crop.getByRole('img', { name: w.me.avatar.preview })).toBeVisible();
  await crop.getByLabel(w.me.avatar.zoom).fill('2');
  await visit.clean();
  const sent = page.waitForRequest((request) => request.method() === 'PUT' && request.url().endsWith('/api/v1/me/avatar'));
  await crop.getByRole('button', { name: w.action.save }).click();
  expect((await sent).headers()['content-type']).toBe('image/jpeg');
  await expect(visit.toast(w.me.avatar.saved)).toBeVisible();
  await expect(account.locator('img')).toHaveAttribute('src', /^data:image\//);
  await page.reload();
  await expect(account.locator('img')).toBeVisible();
  await visit.clean();
  await page.getByRole('button', { name: w.action.remove }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: w.action.remove }).click();
  await expect(visit.toast(w.me.avatar.removed)).toBeVisible();
  await expect(account).toContainText('SS');
});

test('what one may do is said in words, and who can give the rest', async ({ open }) => {
  const { email, company } = await makeReachable({ mailbox: false });
  const visit = await open({ as: email, password: PASSWORD, at: '/me/rights', size: phone });
  const { page, w } = visit;
  const rows = page.getByRole('main').getByRole('listitem');
  await expect(rows.filter({ hasText: w.me.ability.own })).toContainText(w.me.rights.may);
  await expect(rows.filter({ hasText: w.me.ability.people })).toContainText(w.role.customer_admin.toLowerCase());
  await expect(rows.filter({ hasText: w.me.feature.mailbox })).toContainText(say(w.me.rights.askFeature, { company: company.name }));
  await visit.clean();
  await page.goto('/me/greeting');
  await expect(page.getByText(w.me.greeting.noMailboxTitle)).toBeVisible();
  await visit.clean();
});

test('a name that is changed is confirmed, and is one’s name from then on', async ({ open }) => {
  const email = await makePerson(await makeCompany(), 'user', 'Nils Namnlös');
  const visit = await open({ as: email, password: PASSWORD, at: '/me/profile' });
  const { page, w } = visit;
  await expect(page.getByRole('main').getByText(email)).toBeVisible();
  const name = page.getByRole('main').getByLabel(w.field.name);
  await name.fill('');
  await page.getByRole('button', { name: w.action.save }).click();
  await expect(name).toHaveAccessibleDescription(new RegExp(w.form.required));
  await name.fill('Nils Nämnd');
  await page.getByRole('button', { name: w.action.save }).click();
  await expect(visit.toast(w.saved)).toBeVisible();
  await page.reload();
  await expect(name).toHaveValue('Nils Nämnd');
  await expect(page.getByRole('button', { name: new RegExp(`^${w.shell.account}`) })).toContainText('Nils Nämnd');
  await visit.clean();
});
