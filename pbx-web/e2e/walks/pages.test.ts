import { ADMIN, Api, asPlatform, MANAGER, nordtel, PARTNER, PLATFORM, USER, type Listed, type Named } from '../support/api';
import { desktop, expect, phone, test, type Visit } from '../support/visit';

/** Each page in light and dark, at a desk and on a phone: it fits, and everybody can read and use it. */
async function everyPage(visit: Visit, addresses: string[]): Promise<void> {
  const { page } = visit;
  for (const address of addresses) {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(desktop);
    await page.goto(address);
    await expect(page.getByRole('heading').first()).toBeVisible();
    await visit.clean();
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await visit.accessible('colours');
    await page.setViewportSize(phone);
    await visit.fits();
    await visit.accessible('all but colours');
  }
}

/** The demo's company and its PBX. */
async function bakery(): Promise<{ here: string; pbx: string; extension: string; person: string }> {
  const api = await Api.as(ADMIN);
  const { tenant, customer } = api.memberships[0] ?? {};
  const base = `/api/v1/tenants/${tenant ?? ''}/customers/${customer ?? ''}`;
  const pbx = (await api.get<Listed<Named>>(`${base}/pbxs?sort=name&limit=1&offset=0`)).items[0]?.id ?? '';
  const extension = (await api.get<Listed<Named>>(`${base}/pbxs/${pbx}/extensions?sort=number&limit=1&offset=0`)).items[0]?.id ?? '';
  const person = (await api.get<Listed<Named>>(`${base}/users?sort=-name&limit=1&offset=0`)).items[0]?.id ?? '';
  return { here: `/tenants/${tenant ?? ''}/customers/${customer ?? ''}`, pbx: `/pbxs/${pbx}`, extension: `/pbxs/${pbx}/extensions/${extension}`, person: `/people/${person}` };
}

test('every page before signing in is readable and fits, in light and dark', async ({ open }) => {
  const visit = await open();
  visit.expectTrouble(/^410 (GET|POST) \/api\/v1\/auth\//);
  await everyPage(visit, ['/sign-in', '/sign-in?slug=nordtel&reason=expired', '/register', '/forgot-password', '/reset-password?token=x', '/verify-email?token=x', '/invitation/x']);
});

test('every page of the platform is readable and fits, in light and dark', async ({ open }) => {
  const { id } = await nordtel();
  const api = await asPlatform();
  const mail = (await api.get<Listed<{ id: string }>>('/api/v1/platform/mails?sort=-created_at&limit=1&offset=0')).items[0];
  await everyPage(await open({ as: PLATFORM }), ['/platform', '/platform/tenants', '/platform/tenants/new', `/platform/tenants/${id}`, '/platform/users', '/platform/users/new', '/platform/nodes', '/platform/nodes/new', '/platform/status', '/platform/mails', ...(mail ? [`/platform/mails/${mail.id}`] : []), '/platform/audit']);
});

test('every page of a partner is readable and fits, in light and dark', async ({ open }) => {
  const { id } = await nordtel();
  const { here } = await bakery();
  const base = `/tenants/${id}`;
  await everyPage(await open({ as: PARTNER }), [base, `${base}/customers`, `${base}/customers/new`, `${base}/customers/edit/${here.split('/').pop() ?? ''}`, `${base}/team`, `${base}/team/new`, `${base}/brand`, `${base}/audit`]);
});

test('every page of a company is readable and fits, in light and dark', async ({ open }) => {
  const { here, pbx, extension, person } = await bakery();
  const addresses = ['', '/people', '/people/new', person, '/numbers', '/numbers/new', '/pbxs', '/pbxs/new', '/audit', `${pbx}/extensions`, `${pbx}/extensions/new`, extension, `${pbx}/online`, `${pbx}/live`, `${pbx}/calls`, `${pbx}/queues`, `${pbx}/voicemail`, `${pbx}/recordings`, `${pbx}/callbacks`, `${pbx}/what-if`, `${pbx}/sounds`, `${pbx}/lines`, `${pbx}/lines/new`, `${pbx}/settings`];
  await everyPage(await open({ as: ADMIN }), addresses.map((address) => here + address));
});

test('every page of a manager is readable and fits, in light and dark', async ({ open }) => {
  const { here, pbx, extension } = await bakery();
  await everyPage(await open({ as: MANAGER }), [here, `${here}/pbxs`, `${here}${pbx}/extensions`, `${here}${extension}`]);
});

test('every page about one\'s day and one\'s phone is readable and fits, in light and dark', async ({ open }) => {
  await everyPage(await open({ as: USER }), ['/me', '/me/calls', '/me/voicemail', '/me/phones', '/me/forwarding', '/me/greeting']);
});

test('every page about one\'s account is readable and fits, in light and dark', async ({ open }) => {
  await everyPage(await open({ as: USER }), ['/me/profile', '/me/security', '/me/rights', '/platform']);
});
