import { ADMIN, MANAGER, PARTNER, PLATFORM, USER } from '../support/api';
import { desktop, expect, phone, test, type Visit } from '../support/visit';
import { inject } from 'vitest';

test('a stranger is led to the sign-in page and back to the page that was asked for', async ({ open }) => {
  const visit = await open({ at: '/platform/tenants' });
  await expect(visit.page.getByRole('heading', { name: visit.w.auth.signIn.title })).toBeVisible();
  await visit.clean();
  await visit.signIn(PLATFORM, inject('product').password);
  await expect(visit.page).toHaveURL('/platform/tenants');
});

async function rightHome(visit: Visit, email: string, heading: string, address: RegExp): Promise<void> {
  await visit.page.goto('/');
  await visit.signIn(email, inject('product').password);
  await expect(visit.page).toHaveURL(address);
  await expect(visit.page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
}

test('each role comes to its own dashboard after signing in', async ({ open }) => {
  const homes: [string, RegExp][] = [
    [PLATFORM, /\/platform$/],
    [PARTNER, /\/tenants\/[0-9a-f-]+$/],
    [ADMIN, /\/customers\/[0-9a-f-]+$/],
    [MANAGER, /\/customers\/[0-9a-f-]+$/],
  ];
  for (const [email, address] of homes) {
    const visit = await open({ size: desktop });
    await rightHome(visit, email, visit.w.nav.overview, address);
  }
  const visit = await open({ size: phone });
  await rightHome(visit, USER, 'Hej Cecilia', /\/me$/);
});

test('no address, no stored mark and no forged answer opens a page without a session', async ({ open }) => {
  const visit = await open({ at: '/sign-in' });
  const { page, w } = visit;
  await page.evaluate(() => {
    for (const name of ['voxera.session', 'dev_bypass', 'DEV_BYPASS_AUTH', 'mock']) localStorage.setItem(name, 'yes');
  });
  for (const address of ['/platform?DEV_BYPASS_AUTH=true', '/platform/tenants?mock=1', '/me#access_token=x', '/tenants/x/customers/y']) {
    await page.goto(address);
    await expect(page.getByRole('heading', { name: w.auth.signIn.title })).toBeVisible();
  }
  // What the browser is given holds neither a way around nor a made-up person.
  const { url } = inject('product');
  const document = await (await fetch(url)).text();
  const scripts = [...document.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? '');
  expect(scripts.length).toBeGreaterThan(0);
  for (const path of scripts) expect(await (await fetch(url + path)).text()).not.toMatch(/bypass|mockServiceWorker|akesbageri/i);
});
