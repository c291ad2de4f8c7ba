// Every view, light and dark, as axe-core sees it.
import { createRequire } from 'node:module';

import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { newPage, SAMPLE_QUERY, screenshot, Server, startBrowser } from './support';

let server: Server;
let browser: Browser;

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const VIEWS = ['flame', 'functions', 'sandwich', 'diff', 'series', 'heatmap', 'compare', 'status'];

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.startWithSample(), startBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each(VIEWS)('%s', async (view) => {
    // axe comes as a script of the test's: the page's policy would refuse it.
    const { page } = await newPage(browser, server.home, { colorScheme, bypassCSP: true });
    await page.goto(
      server.page(
        `${SAMPLE_QUERY}&view=${view}&beside=1&fn=${encodeURIComponent('MediaWiki::run')}&by=entry_point` +
          '&keep=run&baseline=excimer-wall&baseline_from=2026-11-21T00:53&baseline_to=2026-11-21T00:56',
      ),
      { waitUntil: 'networkidle' },
    );
    await expect.poll(() => page.locator('[aria-busy="true"]').count()).toBe(0);
    await page.addScriptTag({ path: AXE });
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
    );
    const told = violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
    expect(told).toEqual([]);
    await screenshot(page, `${view}-${colorScheme}`);
    await page.context().close();
  });
});
