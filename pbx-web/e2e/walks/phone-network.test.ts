import { inject } from 'vitest';
import { makeOffice, PASSWORD, Softphone } from '../support/softphone';
import { Road } from '../support/road';
import { expect, test } from '../support/visit';
import { say } from '../support/words';

const ANNA = 520;
const BO = 880;
/** Milliseconds for which the network is gone. */
const CUT = 5000;
const HOUR = 3_600_000;

const two: [string, string][] = [
  ['1000', 'Anna Prov'],
  ['1001', 'Bo Prov'],
];

test('a network that is gone for five seconds is told to both and to the administrator, and the call goes on', async ({ open }) => {
  const office = await makeOffice(two);
  const road = await Road.to(inject('product').url);
  const anna = await Softphone.of(await open({ as: office.people.get('1000') ?? '', password: PASSWORD, url: road.url }), ANNA, { road });
  const bo = await Softphone.of(await open({ as: office.people.get('1001') ?? '', password: PASSWORD }), BO);
  const admin = await open({ as: office.company.admin, password: PASSWORD, at: `/tenants/${office.company.tenant}/customers/${office.company.id}/pbxs/${office.pbx.id}/live` });
  const { w } = anna.visit;
  await anna.dial('1001');
  await bo.answer('Anna Prov');
  await anna.hearsPitch(BO);
  await bo.hearsPitch(ANNA);
  const card = admin.page.getByRole('list', { name: w.live.title }).getByRole('listitem').filter({ hasText: 'Bo Prov' }).first();
  const cause = card.getByRole('status').filter({ hasText: `${say(w.live.unheard, { who: 'Anna Prov' })} ${w.live.cause.nothing_heard}` });
  await expect(card).toBeVisible();
  await expect(cause).toHaveCount(0);

  const began = Date.now();
  road.cut();
  const lost = await anna.counts();
  const told = anna.dock.getByText(new RegExp(`^(${say(w.phone.trouble.nothing_heard, { who: 'Bo Prov' })}|${w.phone.trouble.reconnecting})$`));
  await Promise.all([
    expect(told).toBeVisible(),
    expect(bo.dock.getByText(say(w.phone.trouble.nothing_heard, { who: 'Anna Prov' }))).toBeVisible(),
    expect(cause).toBeVisible(),
  ]);
  const said = Date.now() - began;
  // The rest of the five seconds: the cut itself, not a wait for anything.
  await Promise.all([admin.clean(), new Promise((over) => setTimeout(over, Math.max(0, CUT - (Date.now() - began))))]);
  const gone = Date.now() - began;
  expect((await anna.counts()).received, 'nothing came while it was cut').toBe(lost.received);
  expect(road.lost.out, 'what was said was lost').toBeGreaterThan(100);
  expect(road.lost.in, 'what was to be heard was lost').toBeGreaterThan(100);

  road.mend();
  const mended = Date.now();
  await anna.hearsPitch(BO);
  await bo.hearsPitch(ANNA);
  const back = Date.now() - mended;
  await expect(told).toHaveCount(0);
  await expect(bo.dock.getByText(say(w.phone.trouble.nothing_heard, { who: 'Anna Prov' }))).toHaveCount(0);
  await expect(cause).toHaveCount(0);
  console.log(`network gone for ${gone} ms: told to both and to the administrator after ${said} ms, heard again on both sides ${back} ms after it was back`);

  // It is the same call, and it still does what it is told.
  await anna.press(w.phone.call.hold);
  await expect(anna.dock.getByText(w.phone.call.held, { exact: true })).toBeVisible();
  await expect.poll(async () => Math.abs((await bo.hears()) - ANNA), { message: 'music instead of a voice' }).toBeGreaterThan(30);
  await anna.press(w.phone.call.resume);
  await bo.hearsPitch(ANNA);
  await anna.press(w.phone.call.hangUp);
  await expect(bo.dock.getByText(w.phone.reason.they)).toBeVisible();
  await anna.visit.context.close();
  await road.close();
});

for (const [words, clock] of [
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
] as const) {
  test(`a clock that is ${words} keeps nobody from signing in and calling`, async ({ open }) => {
    const office = await makeOffice(two);
    const bo = await Softphone.of(await open({ as: office.people.get('1001') ?? '', password: PASSWORD }), BO);
    const visit = await open();
    const anna = await Softphone.of(visit, ANNA, { clock, at: null });
    let renewals = 0;
    visit.page.on('request', (request) => {
      if (request.url().endsWith('/auth/refresh')) renewals += 1;
    });
    await visit.page.goto('/sign-in');
    await visit.signIn(office.people.get('1000') ?? '', PASSWORD);
    await anna.unfold();
    await anna.isReady();
    await anna.dial('1001');
    await bo.answer('Anna Prov');
    await anna.talks('Bo Prov');
    await anna.hearsPitch(BO);
    await bo.hearsPitch(ANNA);
    // How long one has talked is counted here, and needs no right clock.
    await expect(anna.dock.getByRole('timer')).toHaveText(/^0:\d\d$/);
    await anna.press(visit.w.phone.call.hangUp);
    await expect(bo.dock.getByText(visit.w.phone.reason.they)).toBeVisible();
    await bo.dial('1000');
    await expect(anna.caller('Bo Prov')).toBeVisible();
    await anna.caller('Bo Prov').getByRole('button', { name: visit.w.phone.incoming.decline }).click();
    expect(renewals, 'a session is not renewed again and again').toBeLessThan(5);
  });
}
