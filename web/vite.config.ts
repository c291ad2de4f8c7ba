import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

// Where `npm run dev` finds a server.
const SERVER = process.env.FLAMEKEEP_HTTP ?? 'http://127.0.0.1:4040';

const folder = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  // Relative, so that the page works below a proxy's path, too.
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  resolve: { alias: { '@': folder('./src'), '@gen': folder('./gen') } },
  build: {
    target: 'es2022',
    // The Content-Security-Policy allows no inline script.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    proxy: Object.fromEntries(
      ['/flamekeep.v1', '/render', '/pprof', '/speedscope/'].map((path) => [path, SERVER]),
    ),
  },
  test: { include: ['src/**/*.test.ts'] },
});
