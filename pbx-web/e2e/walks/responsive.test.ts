import { ADMIN, PARTNER, PLATFORM } from '../support/api';
import { desktop, expect, phone, tablet, test } from '../support/visit';

test('a desk shows the whole menu with its words', async ({ open }) => {
  const visit = await open({ as: ADMIN, at: '/', size: desktop });
  const { page, w } = visit;
  const menu = page.getByRole('navigation', { name: w.shell.navigation });
  await expect(menu.getByText(w.nav.people)).toBeVisible();
  const box = await menu.boundingBox();
  expect(box?.width).toBeGreaterThan(180);
  await expect(page.getByRole('button', { name: w.shell.openMenu })).toHaveCount(0);
});

test('a tablet shows the menu as pictures, which widen to words', async ({ open }) => {
  const visit = await open({ as: ADMIN, at: '/', size: tablet });
  const { page, w } = visit;
  const menu = page.getByRole('navigation', { name: w.shell.navigation });
  const people = menu.getByRole('link', { name: w.nav.people });
  await expect(people).toBeVisible();
  expect((await people.boundingBox())?.width, 'a picture and no word').toBeLessThan(72);
  await visit.clean();
  await people.hover();
  await expect(page.getByRole('tooltip', { name: w.nav.people })).toBeVisible();
  await page.getByRole('button', { name: w.shell.unfoldMenu }).click();
  await expect.poll(async () => (await people.boundingBox())?.width ?? 0).toBeGreaterThan(150);
  await page.getByRole('button', { name: w.shell.foldMenu }).click();
  await expect.poll(async () => (await people.boundingBox())?.width ?? 0).toBeLessThan(72);
  await people.click();
  await expect(page.getByRole('heading', { level: 1, name: w.people.title.customer })).toBeVisible();
});

test('a phone has the menu behind a button, from where it slides out and closes by itself', async ({ open }) => {
  const visit = await open({ as: ADMIN, at: '/', size: phone });
  const { page, w } = visit;
  const menu = page.getByRole('navigation', { name: w.shell.navigation });
  await expect(page.getByRole('heading', { level: 1, name: w.nav.overview })).toBeVisible();
  await expect(menu).toHaveCount(0);
  await page.getByRole('button', { name: w.shell.openMenu }).click();
  await expect(menu).toBeVisible();
  await visit.clean();
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await page.getByRole('button', { name: w.shell.openMenu }).click();
  await menu.getByRole('link', { name: w.nav.people }).click();
  await expect(page.getByRole('heading', { level: 1, name: w.people.title.customer })).toBeVisible();
  await expect(menu).toHaveCount(0);
});

test('tables become cards on a phone and are tables again on a desk', async ({ open }) => {
  const visit = await open({ as: PARTNER, at: '/', size: phone });
  const { page, w } = visit;
  await visit.nav(w.nav.customers);
  // Other walks make companies: it need not be on the first page.
  await page.getByRole('searchbox').fill('Åkes Bageri');
  await expect(page.getByRole('list', { name: w.customers.title }).getByRole('listitem').filter({ hasText: 'Åkes Bageri AB' })).toBeVisible();
  await expect(page.getByRole('table')).toHaveCount(0);
  await page.setViewportSize(desktop);
  await expect(page.getByRole('table', { name: w.customers.title })).toBeVisible();
  // Between the two, what does not fit scrolls inside the table and never the page.
  await page.setViewportSize(tablet);
  await visit.clean();
});

test('the fields of a form stand under each other on a phone and beside each other on a desk', async ({ open }) => {
  const visit = await open({ as: PLATFORM, at: '/platform/tenants/new', size: phone });
  const { page, w } = visit;
  const sheet = page.getByRole('dialog', { name: w.tenants.new });
  const language = sheet.getByLabel(w.field.language);
  const zone = sheet.getByLabel(w.field.timeZone);
  await expect(language).toBeVisible();
  const place = async () => ({ language: await language.boundingBox(), zone: await zone.boundingBox() });
  const narrow = await place();
  expect(narrow.zone?.x).toBe(narrow.language?.x);
  expect(narrow.zone?.y).toBeGreaterThan((narrow.language?.y ?? 0) + 20);
  await page.setViewportSize(desktop);
  const wide = await place();
  expect(wide.zone?.y).toBe(wide.language?.y);
  expect(wide.zone?.x).toBeGreaterThan((wide.language?.x ?? 0) + 50);
});

test('a chart follows the width of its page and stays readable', async ({ open }) => {
  const visit = await open({ as: ADMIN, at: '/', size: desktop });
  const { page } = visit;
  const chart = page.locator('figure svg');
  await expect(chart).toBeVisible();
  const wide = (await chart.boundingBox())?.width ?? 0;
  await page.setViewportSize(phone);
  await expect.poll(async () => (await chart.boundingBox())?.width ?? 0).toBeLessThan(phone.width - 30);
  expect(wide).toBeGreaterThan(700);
  const labels = await chart.locator('text').evaluateAll((texts) => texts.map((text) => ({ box: text.getBoundingClientRect(), size: Number.parseFloat(getComputedStyle(text).fontSize) })));
  for (const { size } of labels) expect(size).toBeGreaterThanOrEqual(10);
  const days = labels.map(({ box }) => box).filter(({ y }, _, all) => y === Math.max(...all.map((box) => box.y))).sort((a, b) => a.x - b.x);
  for (const [index, box] of days.entries()) if (index > 0) expect(box.x, 'days do not run into each other').toBeGreaterThan(days[index - 1]?.right ?? 0);
  // The same for those who do not see it.
  await expect(page.locator('figure').getByRole('row')).toHaveCount(31);
});
