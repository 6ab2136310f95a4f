import { afterAll, beforeAll } from 'vitest';
import { startProduct, type Product } from '../setup/product';
import { PLATFORM } from '../support/api';
import { desktop, expect, phone, test } from '../support/visit';
import { say } from '../support/words';

/** An installation that runs both engines; no node is there. */
let both: Product;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ product: both, stop } = await startProduct({ VOXERA_ENGINE: 'per_tenant', VOXERA_FREESWITCH_LISTEN: '127.0.0.1:0', VOXERA_FREESWITCH_PHONES: 'noder.example.se:5060' }));
}, 120_000);
afterAll(() => stop());

test('whoever runs the installation lets nodes carry the calls of a partner, and is told what that does', async ({ open }) => {
  const visit = await open({ as: PLATFORM, at: '/platform/tenants', size: desktop, url: both.url, password: both.password });
  const { page, w } = visit;
  const words = w.nodes.engine;
  const name = 'Nordtel';
  await visit.row(name).getByRole('link', { name: say(w.tenants.editNamed, { name }) }).click();
  const sheet = page.getByRole('dialog', { name: w.tenants.edit });
  await expect(sheet.getByText(words.of.embedded)).toBeVisible();
  await sheet.getByRole('button', { name: words.change }).click();
  const asked = say(words.ask.freeswitch, { name });
  const ask = page.getByRole('dialog', { name: asked }).or(page.getByRole('alertdialog', { name: asked }));
  await expect(ask).toContainText('noder.example.se, port 5060');
  await expect(ask).toContainText(words.noNode);
  await visit.accessible();
  await page.setViewportSize(phone);
  await visit.fits();
  await ask.getByRole('button', { name: words.change }).click();
  await expect(visit.toast(words.changed)).toBeVisible();
  await expect(sheet.getByText(words.of.freeswitch)).toBeVisible();
  await expect(sheet.getByText(say(words.place, { server: 'noder.example.se', port: '5060' }))).toBeVisible();
  await visit.fits();
  await visit.accessible();

  await page.setViewportSize(desktop);
  await page.goto('/platform/tenants');
  await expect(visit.row(name)).toContainText(words.of.freeswitch);
  await page.goto('/platform/status');
  await expect(page.getByText(words.kinds.per_tenant)).toBeVisible();
  await visit.clean();
});
