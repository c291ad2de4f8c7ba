// What can be taken away: files, links, commands, speedscope.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { newPage, SAMPLE_FROM, SAMPLE_TO, screenshot, Server, startBrowser } from './support';

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

const SAMPLE = `query=excimer-wall&from=${SAMPLE_FROM}&to=${SAMPLE_TO}`;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.startWithSample(), startBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

beforeEach(async () => {
  ({ page, complaints } = await newPage(browser, server.home, {
    permissions: ['clipboard-read', 'clipboard-write'],
  }));
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

async function open(more = ''): Promise<void> {
  await page.goto(server.page(SAMPLE + more));
  await page.getByRole('application').first().waitFor();
}

async function choose(item: string): Promise<void> {
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

test.each([
  ['SVG', /^<\?xml|^<svg/],
  ['Folded text', /^\S.*;.* \d+$/m],
  ['speedscope JSON', /"profiles"/],
])('%s is downloaded', async (label, content) => {
  await open();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    choose(`Download ${label}`),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toMatch(content);
});

test('pprof is downloaded', async () => {
  await open();
  const [download] = await Promise.all([page.waitForEvent('download'), choose('Download pprof')]);
  expect(download.suggestedFilename()).toMatch(/\.pb\.gz$/);
  expect(gunzipSync(await readFile(await download.path())).length).toBeGreaterThan(1000);
});

test('a link opens the same anywhere', async () => {
  await open('&keep=Database&inverted=1');
  await choose('Copy link');
  const link = await clipboard();
  const other = await newPage(browser, server.home);
  await other.page.goto(link);
  await other.page.getByRole('application', { name: 'Inverted flame graph' }).waitFor();
  expect(other.page.url()).toBe(page.url());
  await other.page.context().close();
});

test.each(['flame', 'functions', 'sandwich', 'diff', 'series', 'heatmap', 'compare', 'status'])(
  'the command of the view %s runs as it is',
  async (view) => {
    await page.goto(
      server.page(
        `${SAMPLE}&view=${view}&fn=${encodeURIComponent('MediaWiki::run')}&by=entry_point` +
          '&baseline=excimer-wall&baseline_from=2026-11-21T00:53&baseline_to=2026-11-21T00:56',
      ),
    );
    await choose('Copy as command');
    const command = (await clipboard()).replace(' -o flamegraph.svg', '');
    expect(command).toMatch(/^flamekeep [a-z]+/);
    const { stdout } = await promisify(execFile)('sh', ['-c', command], {
      env: server.environment(),
      maxBuffer: 64 << 20,
    });
    expect(stdout.length).toBeGreaterThan(50);
  },
);

test('speedscope, served from here, reads what is selected', async () => {
  await open();
  const [speedscope] = await Promise.all([
    page.context().waitForEvent('page'),
    choose('Open in speedscope'),
  ]);
  await speedscope.waitForFunction(() => document.title !== 'speedscope');
  // Its table of functions is text, by self; the graphs are drawn.
  await speedscope.keyboard.press('3');
  const printed = await server.run(
    ...['top', 'excimer-wall', '--from', SAMPLE_FROM, '--to', SAMPLE_TO],
    ...['--limit', '3', '--format', 'jsonl'],
  );
  for (const line of printed.trim().split('\n')) {
    const row = JSON.parse(line) as { function: string; self: number; total: number };
    const shown = speedscope.locator('tr', { hasText: row.function }).first();
    await shown.waitFor();
    const text = await shown.textContent();
    expect(text).toContain(`${row.self.toLocaleString('en-US')} (`);
    expect(text).toContain(`${row.total.toLocaleString('en-US')} (`);
  }
  await screenshot(speedscope, 'speedscope');
  expect(complaints).toEqual([]);
});
