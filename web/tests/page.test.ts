// The page comes, from this server alone, and so does speedscope.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { newPage, SAMPLE_QUERY, screenshot, Server, startBrowser } from './support';

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
  const { page, complaints } = await newPage(browser, server.home);
  await page.goto(server.home, { waitUntil: 'networkidle' });
  await page.getByRole('application', { name: 'Flame graph' }).waitFor();
  expect(await page.title()).toMatch(/^excimer\S* · 2026-11-21 .* · Flamekeep$/);
  expect(complaints).toEqual([]);
  await screenshot(page, 'page');
});

test('it works below the path of a proxy', async () => {
  const home = await server.behindProxy('/tools/flamekeep/');
  const { page, complaints } = await newPage(browser, home);
  const answer = page.waitForResponse((response) => response.url().endsWith('/FlameGraph'));
  await page.goto(`${home}?${SAMPLE_QUERY}`, { waitUntil: 'networkidle' });
  expect((await answer).status()).toBe(200);
  expect(new URL(page.url()).pathname).toBe('/tools/flamekeep/');
  expect(complaints).toEqual([]);
  await screenshot(page, 'page-below-a-path');
});

test('speedscope opens what /render gives', async () => {
  const { page, complaints } = await newPage(browser, server.home);
  const answer = page.waitForResponse((response) => response.url().includes('/render?'));
  const profile = encodeURIComponent(`/render?${SAMPLE_QUERY}&format=speedscope`);
  await page.goto(`${server.home}speedscope/#profileURL=${profile}`);
  expect((await answer).status()).toBe(200);
  await page.waitForFunction(() => document.title !== 'speedscope');
  expect(complaints).toEqual([]);
  await screenshot(page, 'speedscope');
});
