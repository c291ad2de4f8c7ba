// What an answer stands on is told, and so are failures.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { newPage, SAMPLE_QUERY, screenshot, Server, startBrowser } from './support';

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

// Ends with the test, however that ends.
async function serverWithSample(config = ''): Promise<Server> {
  const server = await Server.startWithSample(config);
  onTestFinished(() => server.stop());
  return server;
}

test('a source that is not reached makes a banner, and the status says why', async () => {
  // Nothing listens on port 1.
  const server = await serverWithSample(
    'sites: {local: {redis: "redis://127.0.0.1:1", channels: [excimer-wall]}}\n',
  );
  const { page, complaints } = await newPage(browser, server.home);
  await page.goto(server.page(SAMPLE_QUERY));
  await page.getByText('Not all samples of this range are here.').waitFor();
  await page.getByText('A source has not reported yet').waitFor();
  await screenshot(page, 'incomplete');
  await page.getByRole('link', { name: 'Status' }).click();
  const main = page.locator('main');
  await main.getByRole('cell', { name: 'excimer-wall' }).waitFor();
  await main.getByText('disconnected', { exact: true }).waitFor();
  await screenshot(page, 'status');
  expect(complaints).toEqual([]);
});

test('a range that may still change is not marked as final', async () => {
  const server = await serverWithSample();
  const { page, complaints } = await newPage(browser, server.home);
  await page.goto(server.page(SAMPLE_QUERY));
  await page.getByText('not final yet', { exact: true }).waitFor();
  await page.getByText('89,800 samples', { exact: true }).waitFor();
  expect(await page.getByText('✓ final').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('a server that goes away is told, and asked again', async () => {
  const server = await Server.startWithSample();
  const { page } = await newPage(browser, server.home);
  await page.goto(server.page(SAMPLE_QUERY));
  await page.getByRole('application').waitFor();
  await server.stop();
  await page.getByRole('button', { name: 'Inverted' }).click();
  await page.getByRole('alert').filter({ hasText: 'The server does not answer' }).first().waitFor();
  await page.getByRole('button', { name: 'Try again' }).first().waitFor();
  await screenshot(page, 'unreachable');
});

test('a server that comes back is noticed', async () => {
  const server = await serverWithSample();
  const { page } = await newPage(browser, server.home);
  await page.route('**/FlameGraph', (route) => route.abort());
  await page.goto(server.page(SAMPLE_QUERY));
  const failure = page.getByRole('alert').filter({ hasText: 'It is asked again every few seconds.' });
  await failure.waitFor();
  await page.unroute('**/FlameGraph');
  await page.getByRole('application', { name: 'Flame graph' }).waitFor();
  expect(await failure.count()).toBe(0);
});

test('errors are the server’s words', async () => {
  const server = await serverWithSample();
  const { page } = await newPage(browser, server.home);
  await page.goto(server.page(SAMPLE_QUERY.replace('excimer-wall', 'no-such-type')));
  await page.getByRole('alert').filter({ hasText: 'no-such-type' }).first().waitFor();
});

test('work that nobody waits for is let go', async () => {
  const server = await serverWithSample();
  const { page } = await newPage(browser, server.home);
  const ended: string[] = [];
  page.on('requestfailed', (request) => ended.push(request.url()));
  // Answers are held back, so that the user moves on before they come.
  await page.route('**/FlameGraph', () => undefined);
  await page.goto(server.page(SAMPLE_QUERY));
  await page.getByText('Summing up the flame graph').waitFor();
  await screenshot(page, 'progress');
  await page.getByRole('link', { name: 'Functions' }).click();
  await expect.poll(() => ended.some((url) => url.endsWith('/FlameGraph'))).toBe(true);
});
