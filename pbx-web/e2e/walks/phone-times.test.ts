import { makeOffice, PASSWORD, Softphone } from '../support/softphone';
import { expect, test } from '../support/visit';
import { say } from '../support/words';

const ROUNDS = 7;

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

// The times are printed and held by nothing: machines are noisy.
test('from the click to ringing and from the answer to the first sound, measured in the browser', async ({ open }) => {
  const office = await makeOffice([
    ['1000', 'Anna Prov'],
    ['1001', 'Bo Prov'],
  ]);
  // The browser’s own test microphone, which is never silent.
  const anna = await Softphone.of(await open({ as: office.people.get('1000') ?? '', password: PASSWORD }), 0);
  const bo = await Softphone.of(await open({ as: office.people.get('1001') ?? '', password: PASSWORD }), 0);
  const { page, w } = anna.visit;
  const measured: Record<string, number[]> = {};
  const keep = (what: string, milliseconds: number) => (measured[what] ??= []).push(milliseconds);
  for (let round = 0; round < ROUNDS; round += 1) {
    await anna.dock.getByRole('textbox', { name: w.phone.pad.label }).fill('1001');
    await anna.dock.getByRole('button', { name: say(w.phone.pad.callWho, { who: 'Bo Prov' }) }).last().click();
    const clicked = await anna.clicked();
    const seen = await bo.saw('incoming', clicked);
    keep('click to the call being shown to the other', seen - clicked);
    keep('click to ringing heard by the other', (await bo.saw('sounds', clicked)) - clicked);
    keep('click to ringing shown to the caller', (await anna.saw('ringing', clicked)) - clicked);
    keep('click to the ringing tone heard by the caller', (await anna.saw('sounds', clicked)) - clicked);
    // No person answers sooner than this takes; the walk would.
    keep('click to the way of the sound being open, both', Math.max(await anna.saw('way', clicked), await bo.saw('way', clicked)) - clicked);
    await bo.answer('Anna Prov');
    const answered = await bo.clicked();
    keep('answer to the caller told', (await anna.saw('talking', answered)) - answered);
    for (const [who, phone] of [['caller', anna], ['called', bo]] as const) {
      keep(`answer to the first packet, ${who}`, (await phone.saw('packet', answered)) - answered);
      keep(`answer to the first sound, ${who}`, (await phone.saw('voice', answered)) - answered);
    }
    expect(await anna.codec()).toBe('audio/opus');
    expect(await bo.codec()).toBe('audio/opus');
    await anna.press(w.phone.call.hangUp);
    await expect(bo.dock.getByText(w.phone.reason.they)).toBeVisible();
    await anna.press(w.action.close);
    await bo.press(w.action.close);
    await expect(page.getByRole('timer')).toHaveCount(0);
  }
  console.log(
    Object.entries(measured)
      .map(([what, values]) => `${what}: ${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`)
      .join('\n'),
  );
  for (const [what, values] of Object.entries(measured)) expect(values, what).toHaveLength(ROUNDS);
});
