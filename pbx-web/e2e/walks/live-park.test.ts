import { inject } from 'vitest';
import { makeCompany, makePbx, makePhone, PASSWORD } from '../support/api';
import { Phone } from '../phone/phone';
import { desktop, expect, phone as small, test } from '../support/visit';
import { say } from '../support/words';

test.for([desktop, small])('an administrator parks a caller, reads which number takes the call, and a colleague takes it', async (size, { open }) => {
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

  await choose(w.live.park);
  const parking = page.getByRole('dialog', { name: w.live.parkTitle });
  await parking.getByLabel(w.live.parkSide).selectOption({ label: say(w.live.sideCaller, { name: 'Anna Prov' }) });
  await visit.clean();
  await parking.getByRole('button', { name: w.live.parkDo }).click();
  await expect(visit.toast(say(w.live.parkedAt, { slot: '*5901' }))).toBeVisible();
  await called.ended();
  await expect(card.getByText(w.live.state.parked, { exact: true })).toBeVisible();
  await expect(card.getByText(say(w.live.parkedDial, { slot: '*5901' }))).toBeVisible();
  await expect(card).toContainText('Bo Prov');
  await visit.clean();
  const before = calling.sound.heard;
  await expect.poll(() => calling.sound.heard, { message: 'who waits hears music' }).toBeGreaterThan(before + 10);

  const taking = await cia.dial('*5901');
  await taking.isAnswered();
  await expect(card.getByText(w.live.state.connected, { exact: true })).toBeVisible();
  await expect(card).toContainText('Cia Prov');
  await expect.poll(() => taking.sound.heard, { message: 'the one who was parked is heard' }).toBeGreaterThan(10);

  // Parked again and sent on from there: an administrator may do with it what may be done with a caller in line.
  await choose(w.live.park);
  await parking.getByLabel(w.live.parkSide).selectOption({ label: say(w.live.sideCaller, { name: 'Anna Prov' }) });
  await parking.getByRole('button', { name: w.live.parkDo }).click();
  await taking.ended();
  await expect(card.getByText(w.live.state.parked, { exact: true })).toBeVisible();
  await choose(w.live.transfer);
  const sending = page.getByRole('dialog', { name: w.live.transferTitle });
  await sending.getByRole('combobox', { name: w.live.destination }).fill('Bo');
  await page.getByRole('option', { name: /Bo Prov/ }).click();
  await sending.getByRole('button', { name: w.live.transferDo }).click();
  const again = await bo.called();
  again.answer();
  await expect(card.getByText(w.live.state.connected, { exact: true })).toBeVisible();
  await calling.hangUp();
  await again.ended();
  await Promise.all([anna, bo, cia].map((phone) => phone.close()));
});
