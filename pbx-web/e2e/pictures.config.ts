import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Takes the pictures of the README, with the product, browser and phones of the walks. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: { include: ['pictures.ts'], globalSetup: './setup/global.ts', pool: 'forks', testTimeout: 300_000 },
});
