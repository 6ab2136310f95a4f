import { inject } from 'vitest';
import { asPlatform, makePhone } from '../support/api';
import { Baresip } from '../phone/baresip';
import { Phone } from '../phone/phone';
import { Recording } from '../phone/recording';
import { makeOffice, PASSWORD, Softphone, type Office } from '../support/softphone';
import { expect, test, type Opening, type Visit } from '../support/visit';
import { say } from '../support/words';

/** Hertz of what each plays; none is a whole part of another. */
const ANNA = 520;
const DESK = 740;
const HUM = 400;
const MUSIC = 620;

const two: [string, string][] = [
  ['1000', 'Anna Prov'],
  ['1001', 'Bo Prov'],
];

type Open = (opening?: Opening) => Promise<Visit>;
const sits = async (open: Open, office: Office, number: string, pitch: number): Promise<Softphone> => Softphone.of(await open({ as: office.people.get(number) ?? '', password: PASSWORD }), pitch);

test('a browser and baresip call each other in G.711, and each hears the tone of the other', async ({ open }) => {
  const office = await makeOffice(two);
  const anna = await sits(open, office, '1000', ANNA);
  const { w } = anna.visit;
  const desk = await Baresip.start(inject('product').sip, await makePhone(office.pbx, '1001'), DESK);
  try {
    await desk.registered();
    const hearsAnna = () => expect.poll(async () => (await desk.heard())?.last(1).tone(ANNA) ?? 0, { message: `${ANNA} Hz at the desk` }).toBeGreaterThan(0.9);

    await anna.dial('1001');
    await desk.called();
    await desk.answer();
    await anna.talks('Bo Prov');
    await anna.hearsPitch(DESK);
    await hearsAnna();
    expect(await anna.codec()).toBe('audio/opus');
    const [atBrowser, atDesk] = [await anna.listens(3), (await desk.heard())?.last(2)];
    console.log(`browser and baresip: the browser hears ${DESK} Hz at ${atBrowser.level.toFixed(1)} dB (longest gap ${atBrowser.gap.toFixed(0)} ms), the desk hears ${ANNA} Hz at ${atDesk?.level.toFixed(1)} dB, ${((atDesk?.tone(ANNA) ?? 0) * 100).toFixed(1)} % of it the tone`);
    // As loud as it was sent, give or take what a telephone does to it.
    expect(atBrowser.level).toBeGreaterThan(-20);
    expect(atDesk?.level).toBeGreaterThan(-20);
    await anna.press(w.phone.call.hangUp);
    await desk.closed();

    await desk.dial('1000');
    await anna.answer('Bo Prov');
    await desk.established();
    await anna.hearsPitch(DESK);
    await hearsAnna();
    await desk.hangUp();
    await expect(anna.dock.getByText(w.phone.reason.they)).toBeVisible();
  } finally {
    await desk.close();
  }
});

test('whoever waits in a queue hears its music in the browser, whole and as loud as it is', async ({ open }) => {
  const api = await asPlatform();
  const office = await makeOffice(two);
  const music = await api.upload(`${office.pbx.base}/audio?name=Musik&purpose=music`, 'audio/wav', Recording.sine(MUSIC, 20, 16_000).wav());
  // Until it is converted, callers hear the music that is built in.
  await expect.poll(async () => (await api.get<{ state: string }>(`${office.pbx.base}/audio/${music.id}`)).state, { timeout: 60_000 }).toBe('ready');
  await api.post(`${office.pbx.base}/extensions`, { number: '2000', name: 'Kundtjänst', settings: { kind: 'queue', members: [{ extension: office.pbx.extensions[1]?.id, tier: 1 }], music: music.id, ring_seconds: 120 } });
  // It rings and is not answered.
  const member = await Phone.start(inject('product').sip, await makePhone(office.pbx, '1001'), 'Bordstelefon');
  await member.connect();
  const anna = await sits(open, office, '1000', ANNA);
  const { w } = anna.visit;
  await anna.dial('2000');
  await anna.talks('Kundtjänst');
  await anna.hearsPitch(MUSIC);
  // A machine that is busy elsewhere may break one stretch; music that is broken breaks them all.
  await expect
    .poll(
      async () => {
        const before = await anna.counts();
        const { level, share, gap } = await anna.listens(4);
        const after = await anna.counts();
        console.log(`music in a queue: ${level.toFixed(1)} dB, sound in ${(share * 100).toFixed(1)} % of the time, longest gap ${gap.toFixed(0)} ms, ${after.lost - before.lost} of ${after.received - before.received} packets lost`);
        return level > -25 && gap < 60 && after.lost === before.lost;
      },
      { message: 'four seconds of music without a gap', timeout: 60_000 },
    )
    .toBe(true);
  await anna.press(w.phone.call.hangUp);
  await (await member.called()).ended();
  await member.close();
});

test('what is said before the answer is heard, and keys go both ways between a desk and a browser', async ({ open }) => {
  const office = await makeOffice(two);
  const desk = await Phone.start(inject('product').sip, await makePhone(office.pbx, '1001'), 'Bordstelefon');
  await desk.connect();
  const anna = await sits(open, office, '1000', ANNA);
  const { w } = anna.visit;
  await anna.dial('1001');
  const called = await desk.called();
  await expect(anna.dock.getByText(w.phone.call.ringing, { exact: true })).toBeVisible();
  called.speakEarly();
  await anna.hearsPitch(HUM);
  await expect(anna.dock.getByRole('timer')).toHaveCount(0);
  called.answer();
  await anna.talks('Bo Prov');
  await anna.hearsPitch(HUM);
  await anna.press(w.phone.call.keypad);
  for (const key of ['5', '#']) await anna.press(say(w.phone.pad.key, { key }));
  await expect.poll(() => called.sound.keys, { message: 'keys at the desk' }).toBe('5#');
  await anna.press(w.phone.call.hangUp);
  await called.ended();

  const calling = await desk.dial('1000');
  await anna.answer('Bo Prov');
  await calling.isAnswered();
  await anna.hearsPitch(HUM);
  await anna.press(w.phone.call.keypad);
  await anna.press(say(w.phone.pad.key, { key: '7' }));
  await expect.poll(() => calling.sound.keys, { message: 'the key at the desk that called' }).toBe('7');
  await anna.hearsKey(() => calling.sound.press('3'), [697, 1477]);
  await anna.press(w.phone.call.hangUp);
  await calling.ended();
  await desk.close();
});
