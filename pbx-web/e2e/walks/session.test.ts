import { ADMIN, makeCompany, makePerson, PASSWORD, PLATFORM } from '../support/api';
import { expect, phone, test, type Visit } from '../support/visit';

const stored = (visit: Visit): Promise<string> =>
  visit.page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]));

/** The claims of an access token. */
const claims = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

test('every question carries the token, only to the API, and no script or storage can read the session', async ({ open }) => {
  const visit = await open();
  const asked: { path: string; token: string | undefined }[] = [];
  visit.page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (request.resourceType() === 'fetch') asked.push({ path: pathname, token: request.headers().authorization });
  });
  await visit.page.goto('/');
  await visit.signIn(PLATFORM, 'kanelbullar-och-kaffe');
  await expect(visit.page.getByRole('heading', { level: 1, name: visit.w.nav.overview })).toBeVisible();
  await visit.nav(visit.w.nav.tenants);
  await expect(visit.row('Nordtel')).toBeVisible();

  const open_to_all = /^\/api\/v1\/(auth|brand)(\/|$)/;
  expect(asked.every(({ path }) => path.startsWith('/api/v1/'))).toBe(true);
  const guarded = asked.filter(({ path }) => !open_to_all.test(path));
  expect(guarded.length).toBeGreaterThan(1);
  for (const { token } of guarded) expect(token).toMatch(/^Bearer ey/);
  const held = claims((guarded[0]?.token ?? '').slice(7));
  expect(held.sub).toMatch(/^[0-9a-f-]{36}$/);
  expect(held.memberships).toMatchObject([{ role: 'platform_admin' }]);
  expect((held.exp as number) - (held.iat as number)).toBeLessThanOrEqual(300);
  const kept = await stored(visit);
  expect(kept).not.toContain('ey');
  expect(kept).not.toContain('voxera_refresh');
});

test('a token that ran out is renewed without a word', async ({ open }) => {
  const visit = await open({ as: ADMIN, at: '/' });
  const { page, w } = visit;
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  // The server's answer to a token that has run out, once.
  let refused = 0;
  await page.route('**/users?*', async (route) => {
    refused += 1;
    if (refused === 1) await route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Sign in', status: 401, code: 'token_invalid' }) });
    else await route.fallback();
  });
  visit.expectTrouble(/^401 GET .*\/users$/);
  const renewed = page.waitForResponse((response) => response.url().endsWith('/api/v1/auth/refresh') && response.ok());
  await visit.nav(w.nav.people);
  await renewed;
  await expect(visit.row('Cecilia Ceder')).toBeVisible();
  expect(refused).toBe(2);
});

test('a session that has ended leads to the sign-in page with a message, and back to the same page', async ({ open }) => {
  const email = await makePerson(await makeCompany(), 'user', 'Uno User');
  const visit = await open({ as: email, password: PASSWORD, at: '/me' });
  const { page, w, context } = visit;
  await expect(page.getByText(w.me.noExtensionTitle)).toBeVisible();
  // Signed out elsewhere: the cookie is gone and tokens are refused.
  await context.clearCookies();
  await page.route('**/api/v1/me/calls*', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Sign in', status: 401, code: 'session_ended' }) }));
  visit.expectTrouble(/^401 GET /);
  await visit.nav(w.nav.myCalls);
  await expect(page.getByText(w.auth.signIn.expired)).toBeVisible();
  await visit.clean();
  await page.unroute('**/api/v1/me/calls*');
  await visit.signIn(email, PASSWORD);
  await expect(page).toHaveURL('/me/calls');
  await expect(page.getByText(w.me.callsEmpty)).toBeVisible();
});

test('signing out clears the session here, in other tabs and at the server', async ({ open }) => {
  const visit = await open({ as: ADMIN, at: '/' });
  const { page, w, context } = visit;
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  const other = await context.newPage();
  await other.goto('/');
  await expect(other.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  const before = await context.cookies();
  const refresh = before.find((cookie) => cookie.name === 'voxera_refresh');
  expect(refresh).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/api/v1/auth' });
  const told = page.waitForResponse((response) => response.url().endsWith('/auth/logout'));
  await visit.signOut();
  await told;
  await expect(other).toHaveURL(/\/sign-in/);
  expect((await context.cookies()).filter((cookie) => cookie.name === 'voxera_refresh')).toEqual([]);
  // The old cookie is of no use any more.
  await context.addCookies(before);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: w.auth.signIn.title })).toBeVisible();
});

test('a wrong password is refused in words, on a phone-sized screen', async ({ open }) => {
  const visit = await open({ size: phone, at: '/sign-in' });
  const { page, w } = visit;
  visit.expectTrouble(/^401 POST \/api\/v1\/auth\/login$/);
  await page.getByRole('button', { name: w.auth.signIn.submit }).click();
  await expect(page.getByText(w.form.required)).toHaveCount(2);
  await page.getByLabel(w.field.email).fill('ingen@prov.example');
  await page.getByLabel(w.auth.signIn.password, { exact: true }).fill('fel lösenord helt');
  await page.getByRole('button', { name: w.auth.signIn.submit }).click();
  await expect(page.getByRole('alert')).toHaveText(w.server.wrong_credentials);
  await visit.clean();
});
