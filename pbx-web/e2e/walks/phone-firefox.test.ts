import type { Browser } from '@playwright/test';
import { afterAll, beforeAll, describe } from 'vitest';
import { noFirefox, startFirefox } from '../setup/firefox';
import { receptionSays } from '../support/reception';
import { makeOffice, PASSWORD, Softphone } from '../support/softphone';
import { expect, test, type Opening } from '../support/visit';
import { say } from '../support/words';

/** Hertz of the hums that people speak with here. */
const ANNA = 520;
const BO = 880;

const two: [string, string][] = [
  ['1000', 'Anna Prov'],
  ['1001', 'Bo Prov'],
];

describe.skipIf(noFirefox !== null)(noFirefox ? `in Firefox: ${noFirefox}` : 'in Firefox', () => {
  let firefox: Browser;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ firefox, stop } = await startFirefox());
  });
  afterAll(() => stop());

  /** Calls through, and proves sound both ways, silence, music and the end. */
  async function callEachOther(anna: Softphone, bo: Softphone): Promise<void> {
    const { w } = anna.visit;
    await anna.dial('1001');
    await expect(anna.dock.getByText(w.phone.call.ringing, { exact: true })).toBeVisible();
    await bo.answer('Anna Prov');
    await anna.talks('Bo Prov');
    await bo.talks('Anna Prov');
    await anna.hearsPitch(BO);
    await bo.hearsPitch(ANNA);
    expect(await anna.codec()).toBe('audio/opus');
    expect(await bo.codec()).toBe('audio/opus');

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
  }

  test('two colleagues talk, and each hears the other', async ({ open }) => {
    const office = await makeOffice(two);
    const sits = async (number: string, pitch: number) => Softphone.of(await open({ as: office.people.get(number) ?? '', password: PASSWORD, browser: firefox }), pitch);
    await callEachOther(await sits('1000', ANNA), await sits('1001', BO));
  });

  test.for(['calls', 'is called by'])('somebody %s a colleague in Chromium, and both hear each other', async (who, { open }) => {
    const office = await makeOffice(two);
    const sits = async (number: string, pitch: number, browser: Opening) => Softphone.of(await open({ as: office.people.get(number) ?? '', password: PASSWORD, ...browser }), pitch);
    const anna = await sits('1000', ANNA, who === 'calls' ? { browser: firefox } : {});
    const bo = await sits('1001', BO, who === 'calls' ? {} : { browser: firefox });
    await callEachOther(anna, bo);
  });

  test('a key that is pressed leads from the reception to the line of orders', async ({ open }) => {
    const david = await Softphone.of(await open({ as: 'david@akesbageri.example', browser: firefox }), ANNA);
    const { w } = david.visit;
    const said = await receptionSays();
    await david.dial('2000');
    await expect.poll(() => david.hears(), { message: 'the reception speaks' }).toBeGreaterThan(60);
    await expect.poll(said, { message: 'the menu asks' }).toContain('väntar på ett val');
    await david.press(w.phone.call.keypad);
    await david.press(say(w.phone.pad.key, { key: '1' }));
    await expect.poll(said, { message: 'the key led to the line' }).toContain('Beställningar');
    await expect.poll(() => david.hears(), { message: 'what follows is heard' }).toBeGreaterThan(60);
    await david.press(w.phone.call.hangUp);
  });
});
