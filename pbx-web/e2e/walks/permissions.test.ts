import { ADMIN, asPlatform, makeCompany, makePbx, makePerson, MANAGER, nordtel, PARTNER, PASSWORD, PLATFORM, USER, Api } from '../support/api';
import { expect, phone, test } from '../support/visit';
import { say } from '../support/words';

test('a user who opens an administrator\'s page is told what role it takes and whom to ask', async ({ open }) => {
  const visit = await open({ as: USER, at: '/platform' });
  const { page, w } = visit;
  await expect(page.getByRole('heading', { name: w.forbidden.title })).toBeVisible();
  await expect(page.getByText(say(w.forbidden.needed, { role: w.role.platform_admin }))).toBeVisible();
  await expect(page.getByText(say(w.forbidden.held, { role: w.role.user }))).toBeVisible();
  await expect(page.getByText(say(w.forbidden.ask, { who: w.role.platform_admin }))).toBeVisible();
  await visit.clean();
  await page.getByRole('main').getByRole('link', { name: w.action.home }).click();
  await expect(page).toHaveURL('/me');

  const api = await Api.as(USER);
  const refused = await api.ask('GET', '/api/v1/tenants');
  expect(refused.status).toBe(403);
  expect(((await refused.json()) as { code: string }).code).toBe('forbidden');
});

test('a manager reads, and what only an administrator may do says so', async ({ open }) => {
  const visit = await open({ as: MANAGER, at: '/' });
  const { page, w } = visit;
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  const menu = page.getByRole('navigation', { name: w.shell.navigation }).getByRole('link');
  await expect(menu.filter({ hasText: w.nav.calls }).first()).toBeVisible();
  for (const hidden of [w.nav.people, w.nav.numbers, w.nav.audit, w.nav.settings]) await expect(menu.filter({ hasText: hidden })).toHaveCount(0);
  await visit.nav(w.nav.extensions);
  const create = page.getByRole('main').getByRole('button', { name: w.extensions.new });
  await expect(create).toHaveAttribute('aria-disabled', 'true');
  await create.hover();
  await expect(page.getByRole('tooltip', { name: w.forbidden.needsAdmin })).toBeVisible();
  await page.goto(`${new URL(page.url()).pathname.replace(/\/pbxs\/.*/, '')}/people`);
  await expect(page.getByRole('heading', { name: w.forbidden.title })).toBeVisible();
  await expect(page.getByText(say(w.forbidden.needed, { role: w.role.customer_admin }))).toBeVisible();
  await visit.clean();
});

test('another company\'s address is a page that does not exist', async ({ open }) => {
  const company = await makeCompany();
  const visit = await open({ as: ADMIN, at: `/tenants/${company.tenant}/customers/${company.id}` });
  await expect(visit.page.getByRole('heading', { name: visit.w.notFound.title })).toBeVisible();
  await visit.clean();
  await visit.page.goto('/no/such/page');
  await expect(visit.page.getByRole('heading', { name: visit.w.notFound.title })).toBeVisible();
  const api = await Api.as(ADMIN);
  expect((await api.ask('GET', company.base)).status).toBe(404);
});

test('the menu of each role holds what that role may open and nothing else', async ({ open }) => {
  const expected = (w: Awaited<ReturnType<typeof open>>['w']): [string, string[]][] => [
    [PLATFORM, [w.nav.overview, w.nav.tenants, w.nav.users, w.nav.nodes, w.nav.status, w.nav.mails, w.nav.audit]],
    [PARTNER, [w.nav.overview, w.nav.customers, w.nav.team, w.nav.brand, w.nav.audit]],
    [ADMIN, [w.nav.overview, w.nav.people, w.nav.numbers, w.nav.pbxs, w.nav.audit, w.nav.extensions, w.nav.online, w.nav.live, w.queues.title, w.nav.calls, w.messages.title, w.recordings.title, w.callbacks.title, w.simulate.title, w.audio.title, w.trunks.title, w.nav.settings]],
    [MANAGER, [w.nav.overview, w.nav.pbxs, w.nav.extensions, w.nav.online, w.nav.live, w.queues.title, w.nav.calls, w.recordings.title, w.callbacks.title, w.simulate.title, w.audio.title]],
    [USER, [w.nav.myHome, w.nav.myCalls, w.messages.mine, w.nav.myPhones, w.nav.forwarding, w.nav.greeting, w.nav.profile, w.nav.security, w.nav.rights]],
  ];
  for (const index of [0, 1, 2, 3, 4]) {
    const visit = await open();
    const [email, items] = expected(visit.w)[index] ?? ['', []];
    await visit.page.goto('/');
    await visit.signIn(email, 'kanelbullar-och-kaffe');
    const menu = visit.page.getByRole('navigation', { name: visit.w.shell.navigation });
    await expect(menu.getByRole('listitem')).toHaveText(items);
    for (const item of items) {
      await menu.getByRole('link', { name: item, exact: true }).click();
      await expect(visit.page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(visit.page.getByText(visit.w.forbidden.title)).toHaveCount(0);
    }
  }
});

test('a changed role changes the menu at the next page load', async ({ open }) => {
  const company = await makeCompany();
  await makePbx(company);
  const email = await makePerson(company, 'manager', 'Mona Manager');
  const visit = await open({ as: email, password: PASSWORD, at: '/' });
  const { page, w } = visit;
  const people = page.getByRole('navigation', { name: w.shell.navigation }).getByRole('link', { name: w.nav.people });
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  await expect(people).toHaveCount(0);
  const api = await asPlatform();
  const { items } = await api.get<{ items: { id: string; email: string }[] }>(`${company.base}/users?search=mona&limit=10&offset=0`);
  const answer = await api.ask('PATCH', `${company.base}/users/${items[0]?.id ?? ''}`, { role: 'customer_admin' });
  expect(answer.status).toBe(200);
  // The token that says otherwise is refused from now on.
  visit.expectTrouble(/^401 GET /);
  await page.reload();
  await expect(people).toBeVisible();
});

test('a platform administrator reaches a partner\'s company and comes back', async ({ open }) => {
  const { id } = await nordtel();
  const visit = await open({ as: PLATFORM, at: `/tenants/${id}/customers`, size: phone });
  await visit.page.getByRole('searchbox').fill('Åkes Bageri');
  await visit.page.getByRole('link', { name: 'Åkes Bageri AB', exact: true }).click();
  await expect(visit.page.getByRole('heading', { level: 1, name: visit.w.nav.overview })).toBeVisible();
  await visit.nav(visit.w.shell.allCustomers);
  await expect(visit.page).toHaveURL(`/tenants/${id}/customers`);
  await visit.nav(visit.w.shell.allTenants);
  await expect(visit.page).toHaveURL('/platform/tenants');
});
