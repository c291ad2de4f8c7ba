// The tests of the whole page: the real program, and Debian's chromium. `npm run test:browser` wants the
// program in FLAMEKEEP_BIN, or as the preset `release` builds it.
import { defineConfig } from 'vitest/config';

import page from './vite.config';

export default defineConfig({
  resolve: page.resolve,
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
    // Each has a browser and a server of its own, and some measure time.
    fileParallelism: false,
    // A busy machine takes longer than the usual second to follow a click.
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
