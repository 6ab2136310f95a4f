import { createRequire } from 'node:module';
import { mkdir } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import { chromium, expect as base, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { inject, test as plain } from 'vitest';
import { words, type Language } from './words';

/** Two busy cores answer late; a condition that holds is never waited for longer than it takes. */
export const expect = base.configure({ timeout: 20_000 });

export const desktop = { width: 1440, height: 900 };
export const tablet = { width: 834, height: 1112 };
export const phone = { width: 390, height: 844 };

export interface Opening {
  size?: { width: number; height: number };
  language?: Language;
  dark?: boolean;
  /** Pixels of the picture per pixel of the page. */
  scale?: number;
  /** Signed in as this address from the start. */
  as?: string;
  password?: string;
  /** Where to begin. */
  at?: string;
  /** The product's origin as this browser reaches it. */
  url?: string;
  /** Another browser than the Chromium of all walks. */
  browser?: Browser;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const isChromium = (browser: Browser): boolean => browser.browserType().name() === 'chromium';

/** A person at a browser. What goes wrong in it and was not expected fails the test. */
export class Visit {
  readonly w: (typeof words)['sv'];
  private readonly trouble: string[] = [];
  private readonly expected: RegExp[] = [
    // A session that has ended is found out by asking.
    /^401 POST \/api\/v1\/auth\/refresh$/,
  ];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    readonly language: Language,
    readonly size: { width: number; height: number },
  ) {
    this.w = words[language];
    page.on('console', (message) => {
      // A refused request is seen below, with its address.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.trouble.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.trouble.push(`uncaught: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 400) this.trouble.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`);
    });
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // Leaving a page takes its requests back.
      if (!['net::ERR_ABORTED', 'NS_BINDING_ABORTED', 'NS_ERROR_ABORT'].includes(why)) this.trouble.push(`${why} ${request.method()} ${new URL(request.url()).pathname}`);
    });
  }

  static async open(browser: Browser, { size = desktop, language = 'sv', dark = false, scale = 1, as, password, at, url = inject('product').url }: Opening): Promise<Visit> {
    const { password: demo } = inject('product');
    const chromium = isChromium(browser);
    const context = await browser.newContext({
      baseURL: url,
      viewport: size,
      deviceScaleFactor: scale,
      locale: language === 'sv' ? 'sv-SE' : 'en-GB',
      timezoneId: 'Europe/Stockholm',
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      hasTouch: size.width < 640,
      ...(chromium ? { permissions: ['clipboard-read', 'clipboard-write'] } : {}),
      storageState: {
        cookies: [],
        origins: [{ origin: url, localStorage: [{ name: 'voxera.language', value: language }, ...(as ? [{ name: 'voxera.session', value: 'yes' }] : [])] }],
      },
    });
    context.setDefaultTimeout(20_000);
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    });
    if (as) {
      const answer = await context.request.post('/api/v1/auth/login', { data: { email: as, password: password ?? demo } });
      base(answer.status(), `${as} signs in`).toBe(200);
    }
    const visit = new Visit(context, await context.newPage(), language, size);
    if (at !== undefined) await visit.page.goto(at);
    return visit;
  }

  /** Firefox is told so when it starts. */
  async allowMicrophone(): Promise<void> {
    const browser = this.context.browser();
    if (!browser || isChromium(browser)) await this.context.grantPermissions(['microphone', 'clipboard-read', 'clipboard-write']);
  }

  get narrow(): boolean {
    return this.size.width < 640;
  }

  /** Lets something go wrong that is the point of the test: `409 POST /api/...`, or the start of a console line. */
  expectTrouble(...patterns: RegExp[]): void {
    this.expected.push(...patterns);
  }

  /** Follows a link of the menu, which phones open first. */
  async nav(label: string): Promise<void> {
    const { page, w } = this;
    if (this.narrow) await page.getByRole('button', { name: w.shell.openMenu }).click();
    await page.getByRole('navigation', { name: w.shell.navigation }).getByRole('link', { name: label, exact: true }).click();
  }

  /** Fills the sign-in form and waits until it has let the person in. */
  async signIn(email: string, password: string): Promise<void> {
    const { page, w } = this;
    await page.getByLabel(w.field.email).fill(email);
    await page.getByLabel(w.auth.signIn.password, { exact: true }).fill(password);
    await page.getByRole('button', { name: w.auth.signIn.submit }).click();
    await expect(page).not.toHaveURL(/\/sign-in/);
  }

  async signOut(): Promise<void> {
    const { page, w } = this;
    if (this.narrow) await page.getByRole('button', { name: w.shell.openMenu }).click();
    await page.getByRole('button', { name: new RegExp(`^${w.shell.account}`) }).click();
    await page.getByRole('menuitem', { name: w.shell.signOut }).click();
    await expect(page).toHaveURL(/\/sign-in/);
  }

  toast(text: string | RegExp) {
    return this.page.getByRole('region', { name: this.w.notices }).getByText(text);
  }

  /** The row of a list that a link of this name opens: of the table, or a card on phones. */
  row(name: string) {
    const { page } = this;
    return page.getByRole('main').getByRole(this.narrow ? 'listitem' : 'row').filter({ has: page.getByRole('link', { name, exact: true }) });
  }

  /** Nothing waits any more: no skeleton, no transition half way. */
  async settled(): Promise<void> {
    await expect(this.page.getByText(this.w.state.loading, { exact: true })).toHaveCount(0);
    await this.page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect?.getTiming().iterations === Infinity));
  }

  /** What a person with a screen reader, low sight or a small screen meets on this page. */
  async clean(): Promise<void> {
    await this.fits();
    await this.accessible();
  }

  async fits(): Promise<void> {
    await this.settled();
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    base(wide, `${this.page.url()} scrolls sideways by this many pixels`).toBeLessThanOrEqual(0);
  }

  /** Looks with axe: everything that it counts as more than minor; the colours alone, or all but the colours. */
  async accessible(part?: 'colours' | 'all but colours'): Promise<void> {
    await this.settled();
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(axeSource);
    const options: RunOptions = {
      resultTypes: ['violations'],
      ...(part === 'colours' ? { runOnly: { type: 'rule', values: ['color-contrast'] } } : { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } }),
      ...(part === 'all but colours' ? { rules: { 'color-contrast': { enabled: false } } } : {}),
    };
    const { violations } = await this.page.evaluate((given) => (window as unknown as { axe: { run: (options: RunOptions) => Promise<AxeResults> } }).axe.run(given), options);
    const found = violations
      .filter(({ impact }) => impact !== 'minor')
      .map(({ id, impact, nodes }) => `${id} (${impact ?? ''}): ${nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 200)} | ${(failureSummary ?? '').split('\n')[1]?.trim() ?? ''}`).join(' || ')}`);
    base(found, `accessibility of ${this.page.url()} ${this.size.width} px`).toEqual([]);
  }

  async end(): Promise<string[]> {
    await this.context.close();
    return this.trouble.filter((line) => !this.expected.some((pattern) => pattern.test(line)));
  }
}

let shared: Promise<Browser> | undefined;
const browser = (): Promise<Browser> => (shared ??= chromium.connect(inject('browser')));

/** A test with people at browsers: each opened visit is closed at the end, and must have been without trouble. */
export const test = plain.extend<{ open: (opening?: Opening) => Promise<Visit> }>({
  open: async ({ task }, use) => {
    const visits: Visit[] = [];
    await use(async (opening = {}) => {
      const visit = await Visit.open(opening.browser ?? (await browser()), opening);
      visits.push(visit);
      return visit;
    });
    const failed = task.result?.state === 'fail' || (task.result?.errors?.length ?? 0) > 0;
    const troubles: string[] = [];
    for (const [index, visit] of visits.entries()) {
      if (failed) await picture(visit, `${task.name} ${index + 1}`);
      troubles.push(...(await visit.end()));
    }
    base(troubles, 'what went wrong in the browser and was not expected').toEqual([]);
  },
});

/** What was seen when a test failed. */
async function picture(visit: Visit, name: string): Promise<void> {
  const folder = join(tmpdir(), 'voxera-e2e-failures');
  await mkdir(folder, { recursive: true });
  await visit.page.screenshot({ path: join(folder, `${name.replace(/[^\p{L}\p{N}]+/gu, '-')}.png`) }).catch(() => undefined);
}
