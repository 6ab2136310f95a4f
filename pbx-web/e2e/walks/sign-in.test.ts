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
