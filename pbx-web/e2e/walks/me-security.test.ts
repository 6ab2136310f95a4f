import { Api, makeCompany, makePerson, PASSWORD } from '../support/api';
import { codeOf } from '../support/totp';
import { expect, phone, test, type Visit } from '../support/visit';
import { say } from '../support/words';

/** Turns it on as a person does; gives the secret and the recovery codes. */
async function turnOn(visit: Visit): Promise<{ secret: string; codes: string[] }> {
  const { page, w } = visit;
  const two = w.me.twoStep;
  await page.getByRole('button', { name: two.turnOn }).click();
  const dialog = page.getByRole('dialog', { name: two.turnOn });
  await expect(dialog.getByText(say(two.step, { at: 1, of: 3, name: two.steps.you }))).toBeVisible();
  await visit.clean();
  visit.expectTrouble(/^(403|422) POST \/api\/v1\/me\/totp$/, /^422 POST \/api\/v1\/me\/totp\/confirm$/);
  await dialog.getByLabel(two.password, { exact: true }).fill('inte mitt lösenord');
  await dialog.getByRole('button', { name: two.next }).click();
  await expect(dialog.getByText(w.server.wrong_password)).toBeVisible();
  await dialog.getByLabel(two.password, { exact: true }).fill(PASSWORD);
  await dialog.getByRole('button', { name: two.next }).click();

  await expect(dialog.getByRole('img', { name: two.qrAlt })).toBeVisible();
  await visit.clean();
  const secret = (await dialog.locator('[data-secret]').innerText()).replace(/\s/g, '');
  // Six digits send themselves, wrong ones too.
  const wrong = codeOf(secret) === '000000' ? '111111' : '000000';
  await dialog.getByLabel(two.code).fill(wrong);
  await expect(dialog.getByText(w.server.second_factor_wrong)).toBeVisible();
  await dialog.getByLabel(two.code).fill(codeOf(secret));

  const shown = dialog.getByRole('list', { name: two.codesLabel }).getByRole('listitem');
  await expect(shown).toHaveCount(10);
  await visit.clean();
  const codes = await shown.allInnerTexts();
  expect(new Set(codes).size).toBe(10);
  // They are shown only now: neither Esc nor the button closes before they are kept.
  await page.keyboard.press('Escape');
  await expect(dialog.getByRole('button', { name: two.done })).toHaveAttribute('aria-disabled', 'true');
  const file = page.waitForEvent('download');
  await dialog.getByRole('button', { name: two.download }).click();
  expect((await file).suggestedFilename()).toMatch(/\.txt$/);
  await dialog.getByRole('button', { name: two.done }).click();
  await expect(page.getByText(two.on, { exact: true })).toBeVisible();
  return { secret, codes };
}

/** As far as the second step. */
async function password(visit: Visit, email: string): Promise<void> {
  const { page, w } = visit;
  await page.getByLabel(w.field.email).fill(email);
  await page.getByLabel(w.auth.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: w.auth.signIn.submit, exact: true }).click();
  await expect(page.getByRole('heading', { name: w.auth.code.title })).toBeVisible();
}

test('two-step sign-in is turned on in three steps, asked for at the next sign-in, and turned off', async ({ open }) => {
  const email = await makePerson(await makeCompany(), 'user', 'Tove Tvasteg');
  const visit = await open({ as: email, password: PASSWORD, at: '/me/security' });
  const { page, w } = visit;
  const { secret, codes } = await turnOn(visit);
  await visit.signOut();

  // The code that confirmed is used up: the next one, pasted as apps copy it.
  visit.expectTrouble(/^401 POST \/api\/v1\/auth\/login$/);
  await password(visit, email);
  await visit.clean();
  await expect(page.getByLabel(w.auth.code.code)).toBeFocused();
  await page.getByLabel(w.auth.code.code).fill('123');
  await page.keyboard.press('Enter');
  await expect(page.getByText(w.form.code)).toBeVisible();
  const next = codeOf(secret, 1);
  await page.evaluate((text) => navigator.clipboard.writeText(text), `${next.slice(0, 3)} ${next.slice(3)}`);
  await page.getByLabel(w.auth.code.code).fill('');
  await page.keyboard.press('ControlOrMeta+v');
  await expect(page).toHaveURL(/\/me(\/|$)/);
  await visit.signOut();

  // Without the phone: a recovery code, once.
  await password(visit, email);
  await page.getByRole('button', { name: w.auth.code.useRecovery }).click();
  await page.getByLabel(w.auth.code.recovery).fill('aaaa-bbbb-cccc-dddd');
  await page.getByRole('button', { name: w.auth.signIn.submit, exact: true }).click();
  await expect(page.getByText(w.server.recovery_code_wrong)).toBeVisible();
  await visit.clean();
  await page.getByLabel(w.auth.code.recovery).fill(codes[0] ?? '');
  await page.getByRole('button', { name: w.auth.signIn.submit, exact: true }).click();
  await expect(page).toHaveURL(/\/me(\/|$)/);
  await page.goto('/me/security');
  await expect(page.getByText(say(w.me.twoStep.codesLeft_other, { count: 9 }))).toBeVisible();

  // New codes take the place of the old ones.
  await page.getByRole('button', { name: w.me.twoStep.newCodes }).click();
  const fresh = page.getByRole('dialog', { name: w.me.twoStep.newCodes });
  await fresh.getByLabel(w.me.twoStep.password, { exact: true }).fill(PASSWORD);
  await fresh.getByRole('button', { name: w.me.twoStep.makeCodes }).click();
  const list = fresh.getByRole('list', { name: w.me.twoStep.codesLabel }).getByRole('listitem');
  await expect(list).toHaveCount(10);
  expect(await list.allInnerTexts()).not.toContain(codes[1]);
  await fresh.getByLabel(w.me.twoStep.kept).check();
  await fresh.getByRole('button', { name: w.me.twoStep.done }).click();

  await page.getByRole('button', { name: w.me.twoStep.turnOff }).click();
  const off = page.getByRole('dialog', { name: w.me.twoStep.turnOffTitle });
  await off.getByLabel(w.me.twoStep.password, { exact: true }).fill(PASSWORD);
  await off.getByRole('button', { name: w.me.twoStep.turnOff }).click();
  await expect(visit.toast(w.me.twoStep.turnedOff)).toBeVisible();
  await expect(page.getByRole('button', { name: w.me.twoStep.turnOn })).toBeVisible();
  await Api.as(email, PASSWORD);
});

test('a device that is signed out elsewhere is led to the sign-in page, on a phone-sized screen', async ({ open }) => {
  const email = await makePerson(await makeCompany(), 'user', 'Doris Dator');
  const here = await open({ as: email, password: PASSWORD, at: '/me/security', size: phone });
  const there = await open({ as: email, password: PASSWORD, at: '/me/security' });
  const { page, w } = here;
  const others = page.getByRole('list', { name: w.me.sessions.title }).getByRole('listitem');
  await page.reload();
  await expect(others.first()).toContainText(w.me.sessions.here);
  const before = await others.count();
  expect(before).toBeGreaterThan(1);
  await here.clean();
  await others.nth(1).getByRole('button').click();
  await page.getByRole('alertdialog').getByRole('button', { name: w.me.sessions.end }).click();
  await expect(here.toast(w.me.sessions.ended)).toBeVisible();
  await expect(others).toHaveCount(before - 1);
  if (before > 2) {
    await page.getByRole('button', { name: w.me.sessions.endAll }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: w.me.sessions.endAll }).click();
    await expect(here.toast(w.me.sessions.endedAll)).toBeVisible();
  }
  await expect(page.getByText(w.me.sessions.alone)).toBeVisible();

  there.expectTrouble(/^401 /);
  await there.page.reload();
  await expect(there.page.getByRole('heading', { name: there.w.auth.signIn.title })).toBeVisible();
});

test('who signed in and who failed to is listed', async ({ open }) => {
  const email = await makePerson(await makeCompany(), 'user', 'Lena Logg');
  await expect(Api.as(email, 'fel lösenord helt')).rejects.toThrow('401');
  const visit = await open({ as: email, password: PASSWORD, at: '/me/security' });
  const { page, w } = visit;
  const rows = page.getByRole('table', { name: w.me.logins.title }).getByRole('row');
  await expect(rows.filter({ hasText: w.me.logins.wrong_password })).toHaveCount(1);
  await expect(rows.filter({ hasText: w.me.logins.ok }).first()).toBeVisible();
  await visit.clean();
});

test('a changed password signs the other devices out and lets this one stay', async ({ open }) => {
  const email = await makePerson(await makeCompany(), 'user', 'Bytte Byter');
  await Api.as(email, PASSWORD);
  const visit = await open({ as: email, password: PASSWORD, at: '/me/security' });
  const { page, w } = visit;
  await page.getByLabel(w.me.currentPassword, { exact: true }).fill(PASSWORD);
  await page.getByLabel(w.me.newPassword, { exact: true }).fill('en annan lång mening');
  await page.getByLabel(w.me.passwordAgain, { exact: true }).fill('en annan lång mening');
  await page.getByRole('button', { name: w.me.changePassword }).click();
  await expect(visit.toast(w.me.passwordChanged)).toBeVisible();
  await expect(page.getByText(w.me.sessions.alone)).toBeVisible();
  await Api.as(email, 'en annan lång mening');
});
