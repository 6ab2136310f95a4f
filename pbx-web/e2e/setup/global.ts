import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import type { TestProject } from 'vitest/node';
import { Recording } from '../phone/recording';
import { browserOptions } from './browser';
import { startProduct, type Product } from './product';

declare module 'vitest' {
  export interface ProvidedContext {
    product: Product;
    /** Where the one browser of all walks is driven. */
    browser: string;
  }
}

/** One product and one browser for all walks; what each test changes is its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'e2e-microphone-'));
  const microphone = join(folder, 'voice.wav');
  // Never silent, so that the first sound is not waited for; and no steady tone, which browsers take for noise.
  await Recording.sweeping(300, 3000, 5, 48_000).write(microphone);
  const browser = await chromium.launchServer(browserOptions(microphone));
  try {
    const { product, stop } = await startProduct();
    project.provide('product', product);
    project.provide('browser', browser.wsEndpoint());
    return async () => {
      await browser.close();
      await stop();
      await rm(folder, { recursive: true, force: true });
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
