import { ADMIN, asPlatform, linkFor, makeCompany, PASSWORD, unique } from '../support/api';
import { expect, phone, desktop, test, type Visit } from '../support/visit';
import { say } from '../support/words';

async function register(visit: Visit, email: string): Promise<void> {
  const { page, w } = visit;
  await page.getByLabel(w.auth.register.company).fill('Nya Bolaget AB');
  await page.getByLabel(w.auth.register.name).fill('Nina Ny');
  await page.getByLabel(w.field.email).fill(email);
  await page.getByLabel(w.auth.register.password, { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: w.auth.register.submit }).click();
}

async function signUp(visit: Visit, email: string): Promise<void> {
  const { page, w } = visit;
  await page.getByRole('link', { name: w.auth.signIn.register }).click();
  await expect(page.getByRole('heading', { name: w.auth.register.title })).toBeVisible();
  await visit.clean();
  await page.getByRole('button', { name: w.auth.register.submit }).click();
  await expect(page.getByText(w.form.required)).toHaveCount(2);
  await expect(page.getByText(w.form.email)).toBeVisible();
  await expect(page.getByText(w.form.passwordShort)).toBeVisible();
  await register(visit, email);
  await expect(page.getByText(say(w.auth.register.sentText, { email }))).toBeVisible();

  // Not before the link in the mail has been opened.
  await page.getByRole('link', { name: w.auth.forgot.back }).click();
  visit.expectTrouble(/^403 POST \/api\/v1\/auth\/login$/);
  await page.getByLabel(w.field.email).fill(email);
  await page.getByLabel(w.auth.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: w.auth.signIn.submit }).click();
  await expect(page.getByRole('alert')).toContainText(w.server.email_unverified);
  await page.getByRole('button', { name: w.auth.resend.action }).click();
  await expect(page.getByText(w.auth.resend.done)).toBeVisible();

  const link = await linkFor(email, '/verify-email');
  await page.goto(link);
  await expect(page.getByText(w.auth.signIn.verified)).toBeVisible();
  await visit.clean();
  await visit.signIn(email, PASSWORD);
  await expect(page.getByText(w.checklist.title)).toBeVisible();
  await visit.clean();

  await page.goto(link);
  visit.expectTrouble(/^410 POST \/api\/v1\/auth\/verify-email$/);
  await expect(page.getByText(w.auth.verify.failedText), 'a link works once').toBeVisible();
}

test('anybody signs up, confirms the address by mail, and is the administrator of a new company', async ({ open }) => {
  const email = `ny.${unique()}@prov.example`;
  await signUp(await open({ size: desktop, at: '/sign-in' }), email);

  // A company of the built-in partner, with the limits that everybody begins with.
  const api = await asPlatform();
  const { items: tenants } = await api.get<{ items: { id: string; builtin: boolean }[] }>('/api/v1/tenants?sort=name&limit=200&offset=0');
  const builtin = tenants.find((tenant) => tenant.builtin)?.id ?? '';
  const { items } = await api.get<{ items: { name: string; max_agents: number; monthly_tokens: number }[] }>(`/api/v1/tenants/${builtin}/customers?search=Nya%20Bolaget&sort=name&limit=200&offset=0`);
  expect(items.length).toBeGreaterThan(0);
  for (const company of items) expect(company).toMatchObject({ max_agents: 2, monthly_tokens: 1000 });
});

test('signing up in English on a phone-sized screen', async ({ open }) => {
  await signUp(await open({ size: phone, language: 'en', at: '/sign-in' }), `new.${unique()}@prov.example`);
});

test('signing up with an address that has an account says so and points to the sign-in page', async ({ open }) => {
  const visit = await open({ at: '/register' });
  const { page, w } = visit;
  visit.expectTrouble(/^409 POST \/api\/v1\/auth\/register$/);
  await register(visit, ADMIN);
  await expect(page.getByText(w.server.email_taken)).toBeVisible();
  await expect(page.getByLabel(w.auth.register.company), 'what was typed stays').toHaveValue('Nya Bolaget AB');
  await visit.clean();
  await page.getByRole('link', { name: w.auth.signIn.title }).click();
  await expect(page).toHaveURL('/sign-in');
});

test('a forgotten password is replaced by a link in a mail, which works once', async ({ open }) => {
  const { admin } = await makeCompany();
  const visit = await open({ at: '/sign-in' });
  const { page, w } = visit;
  await page.getByRole('link', { name: w.auth.signIn.forgot }).click();
  await visit.clean();
  await page.getByLabel(w.field.email).fill(admin);
  await page.getByRole('button', { name: w.auth.forgot.submit }).click();
  await expect(page.getByText(say(w.auth.forgot.sentText, { email: admin }))).toBeVisible();
  const link = await linkFor(admin, '/reset-password');

  await page.goto(link);
  await visit.clean();
  await page.getByLabel(w.auth.reset.password, { exact: true }).fill('ett helt nytt lösenord');
  await page.getByLabel(w.auth.reset.again, { exact: true }).fill('något annat än det');
  await page.getByRole('button', { name: w.auth.reset.submit }).click();
  await expect(page.getByText(w.form.passwordsDiffer)).toBeVisible();
  await page.getByLabel(w.auth.reset.again, { exact: true }).fill('ett helt nytt lösenord');
  await page.getByRole('button', { name: w.auth.reset.submit }).click();
  await expect(page.getByText(w.auth.signIn.reset)).toBeVisible();
  await visit.signIn(admin, 'ett helt nytt lösenord');

  await page.goto(link);
  visit.expectTrouble(/^410 POST \/api\/v1\/auth\/password-reset\/confirm$/);
  await page.getByLabel(w.auth.reset.password, { exact: true }).fill('ett tredje lösenord');
  await page.getByLabel(w.auth.reset.again, { exact: true }).fill('ett tredje lösenord');
  await page.getByRole('button', { name: w.auth.reset.submit }).click();
  await expect(page.getByText(w.auth.reset.badText)).toBeVisible();
  await visit.clean();
});
