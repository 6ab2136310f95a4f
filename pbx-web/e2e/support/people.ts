import { linkFor, PASSWORD } from './api';
import { expect, type Visit } from './visit';
import { say } from './words';

/** Opens the link in the invitation, chooses a password, and is let in. */
export async function acceptInvitation(visit: Visit, email: string, place: string): Promise<void> {
  const { page, w } = visit;
  await page.goto(await linkFor(email, '/invitation/'));
  await expect(page.getByRole('heading', { name: say(w.auth.invitation.title, { place }) })).toBeVisible();
  await visit.clean();
  await page.getByLabel(w.auth.invitation.password, { exact: true }).fill('kort');
  await page.getByRole('button', { name: w.auth.invitation.submit }).click();
  await expect(page.getByText(w.form.passwordShort)).toBeVisible();
  await page.getByLabel(w.auth.invitation.password, { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: w.auth.invitation.submit }).click();
  await expect(page).not.toHaveURL(/\/invitation\//);
}
