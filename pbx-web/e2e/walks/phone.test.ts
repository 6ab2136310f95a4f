import { inject } from 'vitest';
import { makePhone } from '../support/api';
import { Phone } from '../phone/phone';
import { receptionSays } from '../support/reception';
import { makeOffice, PASSWORD, Softphone, type Office } from '../support/softphone';
import { expect, phone as small, test, type Opening, type Visit } from '../support/visit';
import { say } from '../support/words';

/** Hertz of the hums that people speak with here; the desk phone hums at 400. */
const ANNA = 520;
const BO = 880;
const DESK = 400;

const two: [string, string][] = [
  ['1000', 'Anna Prov'],
  ['1001', 'Bo Prov'],
];

type Open = (opening?: Opening) => Promise<Visit>;

const sits = async (open: Open, office: Office, number: string, pitch: number, size?: { width: number; height: number }): Promise<Softphone> =>
  Softphone.of(await open({ as: office.people.get(number) ?? '', password: PASSWORD, ...(size ? { size } : {}) }), pitch);

test('two colleagues talk from their browsers, and each hears the other', async ({ open }) => {
  const office = await makeOffice(two);
  const anna = await sits(open, office, '1000', ANNA);
  const bo = await sits(open, office, '1001', BO, small);
  const { w } = anna.visit;
  await anna.visit.clean();
  await bo.visit.clean();

  await anna.dial('bo pr');
  await expect(bo.caller('Anna Prov')).toBeVisible();
  await expect(anna.dock.getByText(w.phone.call.ringing, { exact: true })).toBeVisible();
  await anna.visit.clean();
  await bo.visit.clean();
  await expect(bo.visit.page).toHaveTitle(say(w.phone.notify.incoming, { who: 'Anna Prov' }));
  await bo.answer('Anna Prov');
  await anna.talks('Bo Prov');
  await bo.talks('Anna Prov');
  await anna.hearsPitch(BO);
  await bo.hearsPitch(ANNA);
  expect(await anna.codec()).toBe('audio/opus');
  await expect(anna.dock.getByText(w.phone.sound.good)).toBeVisible();
  await anna.visit.clean();
  await bo.visit.clean();

  await anna.press(w.phone.call.mute);
  await expect.poll(() => bo.hears(), { message: 'nothing is heard of a muted microphone' }).toBe(0);
  await anna.press(w.phone.call.unmute);
  await bo.hearsPitch(ANNA);

  await anna.press(w.phone.call.hold);
  await expect(anna.dock.getByText(w.phone.call.held, { exact: true })).toBeVisible();
  await expect.poll(async () => Math.abs((await bo.hears()) - ANNA), { message: 'music instead of a voice' }).toBeGreaterThan(30);
  await anna.press(w.phone.call.resume);
  await anna.hearsPitch(BO);
  await bo.hearsPitch(ANNA);

  await bo.press(w.phone.call.hangUp);
  await expect(anna.dock.getByText(w.phone.reason.they)).toBeVisible();
  await anna.visit.clean();
  await anna.press(w.action.close);
  await anna.press(w.phone.tab.recent);
  await expect(anna.dock.getByRole('list', { name: w.phone.recent.label }).getByRole('listitem').filter({ hasText: 'Bo Prov' })).toBeVisible();
  await anna.press(say(w.phone.pad.callWho, { who: 'Bo Prov' }));
  await expect(bo.caller('Anna Prov')).toBeVisible();
  await bo.caller('Anna Prov').getByRole('button', { name: w.phone.incoming.decline }).click();
  await expect(anna.dock.getByText(w.phone.reason.declined)).toBeVisible();
});

test('a browser and a telephone on a desk call each other and hear each other', async ({ open }) => {
  const office = await makeOffice(two);
  const desk = await Phone.start(inject('product').sip, await makePhone(office.pbx, '1001'), 'Bordstelefon');
  await desk.connect();
  const anna = await sits(open, office, '1000', ANNA);
  const { w } = anna.visit;
  await anna.dial('1001');
  const called = await desk.called();
  called.answer();
  await anna.talks('Bo Prov');
  await anna.hearsPitch(DESK);
  await expect.poll(() => called.sound.heard, { message: 'sound reaches the desk' }).toBeGreaterThan(20);
  await anna.press(w.phone.call.hangUp);
  expect(await called.ended()).toBe('BYE');

  const calling = await desk.dial('1000');
  await anna.answer('Bo Prov');
  await calling.isAnswered();
  await anna.hearsPitch(DESK);
  await calling.hangUp();
  await expect(anna.dock.getByText(w.phone.reason.they)).toBeVisible();
  await desk.close();
});

test('a test call gives one’s own voice back', async ({ open }) => {
  const office = await makeOffice(two);
  const anna = await sits(open, office, '1000', ANNA);
  const { w } = anna.visit;
  await anna.press(w.phone.settings.open);
  await anna.visit.clean();
  await anna.press(w.phone.settings.test);
  await anna.talks(w.phone.call.test);
  await anna.hearsPitch(ANNA);
  await anna.press(w.phone.call.hangUp);
});

test('a second call waits, is answered, and both are swapped', async ({ open }) => {
  const office = await makeOffice([...two, ['1002', 'Cia Prov']]);
  const anna = await sits(open, office, '1000', ANNA);
  const bo = await sits(open, office, '1001', BO);
  const cia = await sits(open, office, '1002', 1240);
  const { w } = anna.visit;
  await anna.dial('1001');
  await bo.answer('Anna Prov');
  await anna.hearsPitch(BO);
  await cia.dial('1000');
  await expect(anna.caller('Cia Prov')).toBeVisible();
  await anna.visit.clean();
  await anna.answer('Cia Prov');
  await anna.talks('Cia Prov');
  await anna.hearsPitch(1240);
  await expect(anna.dock.getByText(say(w.phone.call.waits, { who: 'Bo Prov' }))).toBeVisible();
  await anna.visit.clean();
  await anna.press(say(w.phone.call.swapTo, { who: 'Bo Prov' }));
  await anna.talks('Bo Prov');
  await bo.hearsPitch(ANNA);
  await anna.press(w.phone.call.hangUp);
  await expect(bo.dock.getByText(w.phone.reason.they)).toBeVisible();
  // Whoever waited still waits: nobody is heard unawares.
  await expect(anna.with('Cia Prov')).toBeVisible();
  await anna.press(w.phone.call.resume);
  await anna.talks('Cia Prov');
  await cia.hearsPitch(ANNA);
});

test('a call is handed over, at once and after asking', async ({ open }) => {
  const office = await makeOffice([...two, ['1002', 'Cia Prov']]);
  const anna = await sits(open, office, '1000', ANNA);
  const bo = await sits(open, office, '1001', BO);
  const cia = await sits(open, office, '1002', 1240);
  const { w } = anna.visit;
  const meet = async () => {
    await anna.dial('1001');
    await bo.answer('Anna Prov');
    await anna.talks('Bo Prov');
    await anna.press(w.phone.call.transfer);
    await anna.dock.getByRole('textbox', { name: w.phone.pad.label }).fill('cia');
    await anna.dock.getByRole('button', { name: /Cia Prov/ }).first().click();
  };
  await meet();
  await anna.visit.clean();
  await anna.press(say(w.phone.transfer.passTo, { who: 'Cia Prov' }));
  await cia.answer('Bo Prov');
  await expect(anna.dock.getByText(w.phone.reason.passed_on)).toBeVisible();
  await cia.hearsPitch(BO);
  await bo.hearsPitch(1240);
  await bo.press(w.phone.call.hangUp);
  await expect(cia.dock.getByText(w.phone.reason.they)).toBeVisible();

  await meet();
  await anna.press(say(w.phone.transfer.askWho, { who: 'Cia Prov' }));
  await cia.answer('Anna Prov');
  await anna.hearsPitch(1240);
  await expect(anna.dock.getByText(say(w.phone.transfer.asking, { to: 'Cia Prov', who: 'Bo Prov' }))).toBeVisible();
  await anna.visit.clean();
  await anna.press(w.phone.transfer.join);
  await expect(anna.dock.getByText(w.phone.reason.passed_on)).toBeVisible();
  await cia.hearsPitch(BO);
  await bo.hearsPitch(1240);
});

test('a browser hears the reception of the demo, presses a key, is led to the line of orders and hears what follows', async ({ open }) => {
  const david = await Softphone.of(await open({ as: 'david@akesbageri.example' }), ANNA);
  const { w } = david.visit;
  const said = await receptionSays();
  await david.dial('2000');
  await expect(david.dock.getByRole('timer')).toBeVisible();
  await expect.poll(() => david.hears(), { message: 'the reception speaks' }).toBeGreaterThan(60);
  await david.press(w.phone.call.keypad);
  await david.visit.clean();
  await expect.poll(said, { message: 'the menu asks' }).toContain('väntar på ett val');
  await david.press(say(w.phone.pad.key, { key: '1' }));
  await expect.poll(said, { message: 'the key led to the line' }).toContain('Beställningar');
  await expect.poll(() => david.hears(), { message: 'what follows is heard' }).toBeGreaterThan(60);
  await david.press(w.phone.call.hangUp);
});
