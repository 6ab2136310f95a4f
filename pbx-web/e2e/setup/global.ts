import { chromium } from '@playwright/test';
import type { TestProject } from 'vitest/node';
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
  const browser = await chromium.launchServer(browserOptions());
  try {
    const { product, stop } = await startProduct();
    project.provide('product', product);
    project.provide('browser', browser.wsEndpoint());
    return async () => {
      await browser.close();
      await stop();
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
