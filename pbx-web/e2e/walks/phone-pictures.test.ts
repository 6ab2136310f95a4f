import { Api } from '../support/api';
import { drawn } from '../support/drawn';
import { makeOffice, PASSWORD, Softphone } from '../support/softphone';
import { desktop, expect, phone as small, test } from '../support/visit';

test.for([desktop, small])('a colleague with a picture is seen wherever they stand in the phone, one without by initials', async (size, { open }) => {
  const office = await makeOffice([
    ['1000', 'Anna Prov'],
    ['1001', 'Bo Prov'],
    ['1002', 'Cia Prov'],
  ]);
  const sits = async (number: string, pitch: number) => Softphone.of(await open({ as: office.people.get(number) ?? '', password: PASSWORD, size }), pitch);
  const bo = await sits('1001', 880);
  const api = await Api.as(office.people.get('1001') ?? '', PASSWORD);
  await api.put('/api/v1/me/avatar', 'image/png', await drawn(bo.visit.page));
  const anna = await sits('1000', 520);
  const { page, w } = anna.visit;
  const part = (name: string) => anna.dock.getByRole('navigation', { name: w.phone.parts }).getByRole('button', { name, exact: true });
  const row = (list: string, name: string) => anna.dock.getByRole('list', { name: list }).getByRole('listitem').filter({ hasText: name });
  const drawnIn = /^data:image\/png/;

  await part(w.phone.tab.colleagues).click();
  await expect(row(w.phone.colleagues.label, 'Bo Prov').locator('img')).toHaveAttribute('src', drawnIn);
  await expect(row(w.phone.colleagues.label, 'Cia Prov')).toContainText('CP');
  await expect(row(w.phone.colleagues.label, 'Cia Prov').locator('img')).toHaveCount(0);
  await anna.visit.clean();

  await bo.dial('1000');
  await expect(anna.caller('Bo Prov').locator('img')).toHaveAttribute('src', drawnIn);
  await anna.visit.clean();
  await anna.answer('Bo Prov');
  await anna.talks('Bo Prov');
  await expect(anna.dock.locator('[data-call] img')).toHaveAttribute('src', drawnIn);
  await anna.press(w.phone.call.hangUp);
  await anna.press(w.action.close);
  await part(w.phone.tab.recent).click();
  await expect(row(w.phone.recent.label, 'Bo Prov').locator('img')).toHaveAttribute('src', drawnIn);
  await expect(page.getByRole('timer')).toHaveCount(0);
  await anna.visit.clean();
});
