import { readFile } from 'node:fs/promises';
import { PASSWORD } from '../support/api';
import { makeReachable } from '../support/person';
import { expect, phone, test } from '../support/visit';
import { say } from '../support/words';

/** One second of a tone, 8 kHz. */
function tone(): Buffer {
  const samples = 8000;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(16000, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at++) wav.writeInt16LE(Math.round(9000 * Math.sin((2 * Math.PI * 440 * at) / 8000)), 44 + at * 2);
  return wav;
}

test('a greeting is recorded in the browser, heard before it is saved, recorded again, and removed', async ({ open }) => {
  const { email } = await makeReachable();
  const visit = await open({ as: email, password: PASSWORD, at: '/me/greeting', size: phone });
  const { page, w, context } = visit;
  const g = w.me.greeting;
  await context.grantPermissions(['microphone']);
  await expect(page.getByText(g.isUsual)).toBeVisible();
  await page.getByRole('button', { name: g.record }).click();
  const level = page.getByRole('meter', { name: g.level });
  // The browser's own test device is never silent.
  await expect.poll(async () => Number(await level.getAttribute('aria-valuenow')), { message: 'the level moves' }).toBeGreaterThan(20);
  await visit.clean();
  await page.getByRole('button', { name: g.stop }).click();
  await expect(page.getByText(g.listen)).toBeVisible();
  await visit.clean();
  const heard = page.evaluate(() => new Promise<void>((done) => document.addEventListener('playing', () => done(), { capture: true, once: true })));
  await page.getByRole('button', { name: `${w.player.play}: ${g.recorded}` }).click();
  await heard;
  await page.getByRole('button', { name: g.again }).click();
  await expect.poll(async () => Number(await level.getAttribute('aria-valuenow'))).toBeGreaterThan(20);
  await page.getByRole('button', { name: g.stop }).click();
  await page.getByRole('button', { name: g.save }).click();
  await expect(visit.toast(g.saved)).toBeVisible();
  await expect(page.getByText(g.isOwn)).toBeVisible();
  const fetched = page.waitForResponse((response) => response.url().endsWith('/greeting') && response.request().method() === 'GET');
  await page.getByRole('button', { name: `${w.player.play}: ${g.now}` }).click();
  expect((await fetched).headers()['content-type']).toContain('audio/wav');
  await page.getByRole('button', { name: w.action.remove }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: w.action.remove }).click();
  await expect(visit.toast(g.removed)).toBeVisible();
  await expect(page.getByText(g.isUsual)).toBeVisible();
});

test('a microphone that is refused is explained, and a file can be sent instead', async ({ open }) => {
  const { email } = await makeReachable();
  const visit = await open({ as: email, password: PASSWORD, at: '/me/greeting' });
  const { page, w } = visit;
  const g = w.me.greeting;
  // As the browser answers once the person has said no.
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
  });
  await page.getByRole('button', { name: g.record }).click();
  await expect(page.getByRole('main').getByRole('alert')).toContainText(g.trouble.refused);
  await expect(page.getByRole('main').getByRole('alert')).toContainText(g.troubleText.refused);
  await visit.clean();
  const input = page.locator('input[type=file]');
  await input.setInputFiles({ name: 'brev.pdf', mimeType: 'application/pdf', buffer: await readFile(new URL(import.meta.url)) });
  await expect(page.getByText(say(g.kindRule, { name: 'brev.pdf' }))).toBeVisible();
  await input.setInputFiles({ name: 'hälsning.wav', mimeType: 'audio/wav', buffer: tone() });
  await expect(visit.toast(g.saved)).toBeVisible();
  await expect(page.getByText(g.isOwn)).toBeVisible();
});

test('a mail about each new message is turned on and off', async ({ open }) => {
  const { email } = await makeReachable();
  const visit = await open({ as: email, password: PASSWORD, at: '/me/greeting' });
  const { page, w } = visit;
  const mail = page.getByRole('switch', { name: w.me.greeting.mail });
  const before = await mail.isChecked();
  await mail.click();
  await expect(visit.toast(before ? w.me.greeting.mailOff : w.me.greeting.mailOn)).toBeVisible();
  await page.reload();
  await expect(mail).toBeChecked({ checked: !before });
});
