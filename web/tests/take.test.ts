// What can be taken away: files, links, commands, speedscope.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { newPage, SAMPLE_FROM, SAMPLE_QUERY, SAMPLE_TO, screenshot, visit } from './support';

const now = visit({
  permissions: ['clipboard-read', 'clipboard-write'],
});

async function open(more = ''): Promise<void> {
  await now.page.goto(now.server.page(SAMPLE_QUERY + more));
  await now.page.getByRole('application').first().waitFor();
}

async function choose(item: string): Promise<void> {
  await now.page.getByRole('button', { name: 'Share', exact: true }).click();
  await now.page.getByRole('menuitem', { name: item, exact: true }).click();
}

const clipboard = () => now.page.evaluate(() => navigator.clipboard.readText());

test.each([
  ['SVG', /^<\?xml|^<svg/],
  ['Folded text', /^\S.*;.* \d+$/m],
  ['speedscope JSON', /"profiles"/],
])('%s is downloaded', async (label, content) => {
  await open();
  const [download] = await Promise.all([
    now.page.waitForEvent('download'),
    choose(`Download ${label}`),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toMatch(content);
});

test('pprof is downloaded', async () => {
  await open();
  const [download] = await Promise.all([now.page.waitForEvent('download'), choose('Download pprof')]);
  expect(download.suggestedFilename()).toMatch(/\.pb\.gz$/);
  expect(gunzipSync(await readFile(await download.path())).length).toBeGreaterThan(1000);
});

test('a link opens the same anywhere', async () => {
  await open('&keep=Database&inverted=1');
  await choose('Copy link');
  const link = await clipboard();
  const other = await newPage(now.browser, now.server.home);
  await other.page.goto(link);
  await other.page.getByRole('application', { name: 'Inverted flame graph' }).waitFor();
  expect(other.page.url()).toBe(now.page.url());
  await other.page.context().close();
});

test.each(['flame', 'functions', 'sandwich', 'diff', 'series', 'heatmap', 'compare', 'status'])(
  'the command of the view %s runs as it is',
  async (view) => {
    await now.page.goto(
      now.server.page(
        `${SAMPLE_QUERY}&view=${view}&fn=${encodeURIComponent('MediaWiki::run')}&by=entry_point` +
          '&baseline=excimer-wall&baseline_from=2026-11-21T00:53&baseline_to=2026-11-21T00:56',
      ),
    );
    await choose('Copy as command');
    const command = (await clipboard()).replace(' -o flamegraph.svg', '');
    expect(command).toMatch(/^flamekeep [a-z]+/);
    const { stdout } = await promisify(execFile)('sh', ['-c', command], {
      env: now.server.environment(),
      maxBuffer: 64 << 20,
    });
    expect(stdout.length).toBeGreaterThan(50);
  },
);

test('speedscope, served from here, reads what is selected', async () => {
  await open();
  const [speedscope] = await Promise.all([
    now.page.context().waitForEvent('page'),
    choose('Open in speedscope'),
  ]);
  await speedscope.waitForFunction(() => document.title !== 'speedscope');
  // Its table of functions is text, by self; the graphs are drawn.
  await speedscope.keyboard.press('3');
  const printed = await now.server.run(
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
  expect(now.complaints).toEqual([]);
});
