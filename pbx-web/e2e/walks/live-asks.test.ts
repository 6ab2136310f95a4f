import { inject } from 'vitest';
import { asPlatform, makeCompany, makePbx, makePhone, PASSWORD } from '../support/api';
import { Phone } from '../phone/phone';
import { desktop, expect, phone as small, test } from '../support/visit';
import { say } from '../support/words';

test.for([desktop, small])('an administrator sends a caller on to a colleague, and listens in with the phone of whoever may', async (size, { open }) => {
  const company = await makeCompany();
  const pbx = await makePbx(company, [
    ['1000', 'Anna Prov'],
    ['1001', 'Bo Prov'],
    ['1002', 'Cia Prov'],
  ]);
  const { sip } = inject('product');
  const [anna, bo, cia] = await Promise.all(['1000', '1001', '1002'].map(async (number) => Phone.start(sip, await makePhone(pbx, number), `Telefon ${number}`)));
  if (!anna || !bo || !cia) throw new Error('three phones');
  await Promise.all([anna, bo, cia].map((phone) => phone.connect()));
  const visit = await open({ as: company.admin, password: PASSWORD, at: `/tenants/${company.tenant}/customers/${company.id}/pbxs/${pbx.id}/live`, size });
  const { page, w } = visit;
  const card = page.getByRole('list', { name: w.live.title }).getByRole('listitem').filter({ hasText: 'Anna Prov' }).first();
  const choose = async (what: string) => {
    await card.getByText(w.live.actions, { exact: true }).click();
    await page.getByRole('menuitem', { name: what }).click();
  };

  const calling = await anna.dial('1001');
  const called = await bo.called();
  called.answer();
  await calling.isAnswered();
  await expect(card.getByText(w.live.state.connected, { exact: true })).toBeVisible();

  // Nobody may listen yet, and the dialog says where that is allowed.
  await choose(w.live.listen);
  const listening = page.getByRole('dialog', { name: w.live.listenTitle });
  await listening.getByRole('combobox', { name: w.live.listener }).click();
  await expect(page.getByText(w.live.nobodyMay)).toBeVisible();
  await visit.clean();
  await page.keyboard.press('Escape');
  await listening.getByRole('button', { name: w.action.cancel }).click();

  // Where nobody is, the call does not go.
  await choose(w.live.transfer);
  const sending = page.getByRole('dialog', { name: w.live.transferTitle });
  await sending.getByRole('button', { name: w.live.transferDo }).click();
  await expect(sending.getByText(w.form.required)).toBeVisible();
  const to = sending.getByRole('combobox', { name: w.live.destination });
  await to.fill('4711');
  await page.getByRole('option', { name: /4711/ }).click();
  await visit.clean();
  visit.expectTrouble(/^422 POST .*\/transfer$/);
  await sending.getByRole('button', { name: w.live.transferDo }).click();
  await expect(sending.getByText(w.server.unknown_number)).toBeVisible();
  await expect(card.getByText(w.live.state.connected, { exact: true })).toBeVisible();
  await to.fill('Cia');
  await page.getByRole('option', { name: /Cia Prov/ }).click();
  await sending.getByLabel(w.live.side).selectOption({ label: say(w.live.sideCaller, { name: 'Anna Prov' }) });
  await sending.getByRole('button', { name: w.live.transferDo }).click();
  await expect(visit.toast(w.live.transferred)).toBeVisible();
  await called.ended();
  const third = await cia.called();
  third.answer();
  await expect(card).toContainText('Cia Prov');
  await expect(card.getByText(w.live.state.connected, { exact: true })).toBeVisible();
  await expect.poll(() => third.sound.heard, { message: 'the caller is heard by the colleague' }).toBeGreaterThan(10);

  // Bo may listen from now on.
  const api = await asPlatform();
  const extension = pbx.extensions.find(({ number }) => number === '1001');
  await api.ask('PATCH', `${pbx.base}/extensions/${extension?.id ?? ''}`, { settings: { kind: 'user', may_listen: true } });
  await page.reload();
  await choose(w.live.listen);
  await listening.getByRole('combobox', { name: w.live.listener }).click();
  await page.getByRole('option', { name: /Bo Prov/ }).click();
  await visit.clean();
  await listening.getByRole('button', { name: w.live.listenDo }).click();
  await expect(visit.toast(w.live.phoneRings)).toBeVisible();
  const ear = await bo.called();
  ear.answer();
  await expect.poll(() => ear.sound.heard, { message: 'who listens hears' }).toBeGreaterThan(10);
  await ear.hangUp();
  await calling.hangUp();
  await third.ended();
  await Promise.all([anna, bo, cia].map((phone) => phone.close()));
});
