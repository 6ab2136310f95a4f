import type { Page } from '@playwright/test';
import { asPlatform } from '../support/api';
import { prepareHidden, type Kept } from '../support/page';
import { makeOffice, PASSWORD, Softphone, type Office } from '../support/softphone';
import { expect, phone as small, test, type Opening, type Visit } from '../support/visit';
import { say } from '../support/words';

const ANNA = 520;
const BO = 880;

const two: [string, string][] = [
  ['1000', 'Anna Prov'],
  ['1001', 'Bo Prov'],
];

type Open = (opening?: Opening) => Promise<Visit>;
const sits = async (open: Open, office: Office, number: string, pitch: number, size?: Opening['size']): Promise<Softphone> => Softphone.of(await open({ as: office.people.get(number) ?? '', password: PASSWORD, ...(size ? { size } : {}) }), pitch);

const hide = (page: Page, hidden: boolean) =>
  page.evaluate((on) => {
    (window as unknown as Kept).hidden = on;
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
const notifications = (page: Page) => page.evaluate(() => (window as unknown as Kept).notifications.map(({ title, body, open }) => ({ title, body, open })));

test('a call is told outside the page while one looks elsewhere, and a click on it leads to the phone', async ({ open }) => {
  const office = await makeOffice(two);
  const visit = await open({ as: office.people.get('1000') ?? '', password: PASSWORD });
  await visit.context.addInitScript(prepareHidden);
  const anna = await Softphone.of(visit, ANNA);
  const bo = await sits(open, office, '1001', BO);
  const { page, w } = visit;
  await page.context().grantPermissions(['microphone', 'notifications', 'clipboard-read', 'clipboard-write']);

  // Whoever looks at the page sees the call there.
  await bo.dial('1000');
  await expect(anna.caller('Bo Prov')).toBeVisible();
  expect(await notifications(page)).toEqual([]);
  await bo.press(w.phone.call.hangUp);
  await expect(anna.caller('Bo Prov')).toHaveCount(0);
  await bo.press(w.action.close);

  await anna.press(w.phone.fold);
  await hide(page, true);
  await bo.dial('1000');
  const told = { title: say(w.phone.notify.incoming, { who: 'Bo Prov' }), body: '1001' };
  await expect.poll(() => notifications(page), { message: 'the call is told' }).toEqual([{ ...told, open: true }]);
  await page.evaluate(() => (window as unknown as Kept).notifications.at(-1)?.click());
  await expect(anna.dock.getByRole('button', { name: w.phone.fold })).toBeVisible();
  await hide(page, false);
  await anna.answer('Bo Prov');
  await anna.hearsPitch(BO);
  expect(await notifications(page)).toEqual([{ ...told, open: false }]);
  await anna.press(w.phone.call.hangUp);
  await expect(bo.dock.getByText(w.phone.reason.they)).toBeVisible();
  await bo.press(w.action.close);

  // Who loses patience takes the notification away.
  await hide(page, true);
  await bo.dial('1000');
  await expect.poll(() => notifications(page)).toEqual([{ ...told, open: false }, { ...told, open: true }]);
  await bo.press(w.phone.call.hangUp);
  await expect.poll(() => notifications(page)).toEqual([{ ...told, open: false }, { ...told, open: false }]);
});

test('do not disturb sends a caller to voicemail, whose message is played and heard in the phone', async ({ open }) => {
  const office = await makeOffice(two);
  const api = await asPlatform();
  const [first] = office.pbx.extensions;
  const given = await api.ask('PATCH', `${office.pbx.base}/extensions/${first?.id ?? ''}`, { settings: { kind: 'user', mailbox: {} } });
  expect(given.status, await given.text()).toBe(200);
  const anna = await sits(open, office, '1000', ANNA, small);
  const bo = await sits(open, office, '1001', BO);
  const { page, w } = anna.visit;
  await anna.press(w.phone.dnd.turnOn);
  const off = anna.dock.getByRole('button', { name: w.phone.dnd.turnOff });
  await expect(off).toHaveAttribute('aria-pressed', 'true');
  await bo.press(w.phone.tab.colleagues);
  await expect(bo.dock.getByRole('listitem').filter({ hasText: 'Anna Prov' })).toContainText(w.phone.state.do_not_disturb);

  await bo.dial('1000');
  await bo.talks('Anna Prov');
  await expect.poll(() => bo.hears(), { message: 'the greeting' }).toBeGreaterThan(60);
  // After the greeting and the beep it is quiet, and what one says is kept.
  await expect.poll(async () => (await bo.listens(2)).share, { message: 'it listens', timeout: 60_000 }).toBe(0);
  await bo.listens(2);
  await expect(bo.dock.getByText(say(w.phone.trouble.nothing_heard, { who: 'Anna Prov' })), 'a mailbox that listens is no trouble').toHaveCount(0);
  await bo.press(w.phone.call.hangUp);
  await expect(anna.caller('Bo Prov')).toHaveCount(0);

  await anna.press(`${w.phone.tab.messages}, ${say(w.phone.news_one, { count: 1 })}`);
  const message = anna.dock.getByRole('list', { name: w.phone.messages.label }).getByRole('listitem').filter({ hasText: 'Bo Prov' });
  await expect(message.getByRole('img', { name: w.messages.isNew })).toBeVisible();
  await anna.visit.clean();
  const label = say(w.messages.from, { from: 'Bo Prov' });
  const heard = page.waitForResponse((response) => response.request().method() === 'PATCH' && response.url().includes('/me/messages/'));
  await message.getByRole('button', { name: `${w.player.play}: ${label}` }).click();
  expect((await heard).status()).toBe(200);
  await expect(message.getByRole('img', { name: w.messages.isNew })).toHaveCount(0);

  await off.click();
  await expect(anna.dock.getByRole('button', { name: w.phone.dnd.turnOn })).toHaveAttribute('aria-pressed', 'false');
  await message.getByRole('button', { name: say(w.phone.pad.callWho, { who: 'Bo Prov' }) }).click();
  await bo.answer('Anna Prov');
  await anna.hearsPitch(BO);
  await anna.press(w.phone.call.hangUp);
});

test('a missed call is counted, stands in the history, and is called back from there', async ({ open }) => {
  const office = await makeOffice(two);
  const anna = await sits(open, office, '1000', ANNA, small);
  const bo = await sits(open, office, '1001', BO);
  const { w } = anna.visit;
  await anna.press(w.phone.fold);
  // The page knows at once that this browser rings.
  await expect(anna.visit.page.getByRole('main').getByText(say(w.me.now.rings_one, { count: 1, seconds: 25 }))).toBeVisible();
  await bo.dial('1000');
  await expect(anna.caller('Bo Prov')).toBeVisible();
  await anna.visit.clean();
  await bo.press(w.phone.call.hangUp);
  await expect(anna.caller('Bo Prov')).toHaveCount(0);
  await bo.press(w.action.close);
  await anna.dock.getByRole('button', { name: `${w.phone.open}, ${say(w.phone.missed_one, { count: 1 })}` }).click();
  await anna.press(`${w.phone.tab.recent}, ${say(w.phone.missed_one, { count: 1 })}`);
  const row = anna.dock.getByRole('list', { name: w.phone.recent.label }).getByRole('listitem').filter({ hasText: 'Bo Prov' });
  await expect(row.getByRole('img', { name: w.phone.recent.missed })).toBeVisible();
  await anna.visit.clean();
  await row.getByRole('button', { name: say(w.phone.pad.callWho, { who: 'Bo Prov' }) }).click();
  await bo.answer('Anna Prov');
  await anna.hearsPitch(BO);
  await bo.hearsPitch(ANNA);
  await anna.press(w.phone.call.hangUp);
  await expect(bo.dock.getByText(w.phone.reason.they)).toBeVisible();
  await anna.press(w.action.close);
  await expect(row.first().getByRole('img', { name: w.phone.recent.outgoing })).toBeVisible();
});
