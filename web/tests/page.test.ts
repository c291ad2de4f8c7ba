// The page comes, from this server alone, and so does speedscope.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { newPage, SAMPLE_FROM, SAMPLE_TO, screenshot, Server, startBrowser } from './support';

let server: Server;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.startWithSample(), startBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

test('the page opens without a complaint', async () => {
  const { page, complaints } = await newPage(browser, server);
  await page.goto(server.page(), { waitUntil: 'networkidle' });
  expect(await page.title()).toContain('Flamekeep');
  expect(await page.locator('#page > *').count()).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
  await screenshot(page, 'page');
});

test('speedscope opens what /render gives', async () => {
  const { page, complaints } = await newPage(browser, server);
  const profile = new URLSearchParams({
    query: 'excimer-wall',
    from: SAMPLE_FROM,
    to: SAMPLE_TO,
    format: 'speedscope',
  });
  const asked = page.waitForResponse((response) => response.url().includes('/render?'));
  const address = encodeURIComponent(`/render?${profile}`);
  await page.goto(`http://${server.http}/speedscope/#profileURL=${address}`);
  expect((await asked).status()).toBe(200);
  await page.waitForFunction(() => document.title !== 'speedscope');
  await screenshot(page, 'speedscope');
  expect(complaints).toEqual([]);
});
