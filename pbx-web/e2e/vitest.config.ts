import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Walks through the portal in a real browser, against one running product that all of them share. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['walks/*.test.ts'],
    globalSetup: './setup/global.ts',
    pool: 'forks',
    poolOptions: { forks: { minForks: 1, maxForks: 2 } },
    // Of what hangs; a walk of three browsers on a machine that compiles meanwhile takes two minutes.
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
});
