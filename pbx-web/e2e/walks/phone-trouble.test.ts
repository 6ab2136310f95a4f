import { makeOffice, PASSWORD, Softphone, type Office } from '../support/softphone';
import { expect, phone as small, test, type Opening, type Visit } from '../support/visit';

const ANNA = 520;
const BO = 880;

type Open = (opening?: Opening) => Promise<Visit>;

async function inTalk(open: Open): Promise<{ anna: Softphone; bo: Softphone; office: Office }> {
  const office = await makeOffice([
    ['1000', 'Anna Prov'],
    ['1001', 'Bo Prov'],
  ]);
  const sits = async (number: string, pitch: number) => Softphone.of(await open({ as: office.people.get(number) ?? '', password: PASSWORD }), pitch);
  const anna = await sits('1000', ANNA);
  const bo = await sits('1001', BO);
  await anna.dial('1001');
  await bo.answer('Anna Prov');
  await anna.hearsPitch(BO);
  await bo.hearsPitch(ANNA);
  return { anna, bo, office };
}

test('a refused microphone is explained, and nobody is called', async ({ open }) => {
  const office = await makeOffice([['1000', 'Anna Prov']]);
  const visit = await open({ as: office.people.get('1000') ?? '', password: PASSWORD, size: small });
  const { page, w } = visit;
  // Whoever is given some permissions is refused the others.
  await visit.context.grantPermissions(['clipboard-read']);
  await page.goto('/me');
  const dock = page.getByRole('region', { name: w.phone.title });
  await dock.getByRole('button', { name: w.phone.open }).click();
  await expect(dock.getByText(w.phone.line.ready, { exact: true })).toBeVisible();
  await dock.getByRole('textbox', { name: w.phone.pad.label }).fill('*43');
  await page.keyboard.press('Enter');
  const help = dock.getByRole('alert');
  await expect(help).toContainText(w.phone.microphone.refused);
  await expect(help).toContainText(w.phone.microphone.refusedHow);
  await expect(dock.getByRole('button', { name: w.phone.call.hangUp })).toHaveCount(0);
  await visit.clean();
});

test('a tab that is closed in a call ends it for the other side', async ({ open }) => {
  const { anna, bo } = await inTalk(open);
  await anna.visit.page.close();
  await expect(bo.dock.getByText(bo.visit.w.phone.call.ended)).toBeVisible({ timeout: 25_000 });
});

test('a call goes on while the connection to the server is cut and comes back', async ({ open }) => {
  const { anna, bo } = await inTalk(open);
  const { w } = anna.visit;
  await anna.cut();
  await anna.isReady();
  await anna.hearsPitch(BO);
  await bo.hearsPitch(ANNA);
  // What is said over the new connection still reaches the call.
  await anna.press(w.phone.call.hold);
  await expect(anna.dock.getByText(w.phone.call.held, { exact: true })).toBeVisible();
  await anna.press(w.phone.call.resume);
  await bo.hearsPitch(ANNA);
  await anna.press(w.phone.call.hangUp);
  await expect(bo.dock.getByText(w.phone.reason.they)).toBeVisible();
});

test('a second tab shows the call, ends it, and becomes the phone when the first is closed', async ({ open }) => {
  const { anna, bo } = await inTalk(open);
  const { w } = anna.visit;
  const second = await anna.visit.context.newPage();
  await second.goto('/me/calls');
  const dock = second.getByRole('region', { name: w.phone.title });
  await expect(dock.getByText('Bo Prov').first()).toBeVisible();
  await dock.getByRole('button', { name: w.phone.call.hangUp }).click();
  await expect(bo.dock.getByText(w.phone.reason.they)).toBeVisible();
  await anna.visit.page.close();
  await bo.dial('1000');
  const caller = second.getByRole('alertdialog');
  await expect(caller).toContainText('Bo Prov');
  await caller.getByRole('button', { name: w.phone.incoming.answer }).click();
  await bo.hearsPitch(ANNA);
});

test('whoever signs out is no phone any more', async ({ open }) => {
  const { anna, bo } = await inTalk(open);
  const { w } = anna.visit;
  const given = anna.visit.page.waitForRequest((request) => request.method() === 'DELETE' && request.url().endsWith('/api/v1/me/phone'));
  await anna.visit.signOut();
  await given;
  await expect(bo.dock.getByText(w.phone.call.ended)).toBeVisible();
  await bo.press(w.action.close);
  await bo.dial('1000');
  await expect(bo.dock.getByText(w.phone.reason.no_answer)).toBeVisible();
});
