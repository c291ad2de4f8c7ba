// The tables and charts, and what they do to the address.
import { expect, test } from 'vitest';

import { SAMPLE_FROM, SAMPLE_QUERY, SAMPLE_TO, screenshot, visit } from './support';

const now = visit();

const RANGE = ['--from', SAMPLE_FROM, '--to', SAMPLE_TO];
const FN = 'MediaWiki::run';

const param = (name: string) => new URL(now.page.url()).searchParams.get(name);
const expectParam = (name: string) => expect.poll(() => param(name));
const open = (view: string, more = '') =>
  now.page.goto(now.server.page(`${SAMPLE_QUERY}&view=${view}${more}`));

test('functions are those of the command line, by self and by total', async () => {
  await open('functions');
  const table = now.page.getByRole('table', { name: 'Functions' });
  await table.waitFor();
  for (const sort of ['self', 'total']) {
    if (sort === 'total') await table.getByRole('button', { name: 'Total' }).click();
    await expectParam('sort').toBe(sort === 'total' ? 'total' : null);
    const printed = await now.server.run(
      ...['top', 'excimer-wall', ...RANGE, '--by', sort, '--limit', '3', '--format', 'jsonl'],
    );
    for (const [i, line] of printed.trim().split('\n').entries()) {
      const { function: name } = JSON.parse(line) as { function: string };
      const row = table.getByRole('row').nth(i + 1);
      await row.getByRole('button', { name, exact: true }).waitFor();
    }
  }
  await table.getByRole('row').nth(2).click();
  await expectParam('fn').not.toBeNull();
  await now.page.getByRole('searchbox', { name: 'Search functions' }).fill('Parser');
  await expectParam('search').toBe('Parser');
  await now.page.getByText(/samples with any of them/).waitFor();
  await screenshot(now.page, 'functions');
});

test('what is selected in one view is selected in the others', async () => {
  await open('functions', `&fn=${FN}`);
  for (const view of ['Sandwich', 'Over time', 'Calendar', 'Compare']) {
    await now.page.getByRole('link', { name: view, exact: true }).click();
    await now.page.locator('main').getByText(FN).first().waitFor();
    expect(param('fn')).toBe(FN);
  }
});

test('the sandwich shows callers and callees, and walks on', async () => {
  await open('sandwich');
  await now.page.getByText(/Choose one/).waitFor();
  await now.page.getByRole('table', { name: 'Functions to choose from' }).getByRole('row').nth(3).click();
  await expectParam('fn').not.toBeNull();
  const before = param('fn');
  await now.page.getByRole('application').nth(1).waitFor();
  await screenshot(now.page, 'sandwich');
  await now.page.getByRole('table', { name: 'Direct callees' }).getByRole('row').nth(1).click();
  await expectParam('fn').not.toBe(before);
});

test('a diff has sides, a summary, a graph and a table', async () => {
  await now.page.goto(
    now.server.page('query=excimer-wall&from=2026-11-21T00:59&to=2026-11-21T01:03&view=diff'),
  );
  await now.page.getByRole('button', { name: 'The 4 min before' }).click();
  await expectParam('baseline_from').toBe('2026-11-21T00:55');
  await now.page.getByRole('application', { name: 'Flame graph of the difference' }).waitFor();
  const table = now.page.getByRole('table', { name: 'Functions that differ' });
  await table.getByRole('row').nth(1).waitFor();
  await screenshot(now.page, 'diff');
  await now.page.getByRole('button', { name: 'Swap' }).click();
  await expectParam('from').toBe('2026-11-21T00:55');
  await now.page.goBack();
  await expectParam('from').toBe('2026-11-21T00:59');
});

test('series are grouped by a label, and a part of the time is drawn', async () => {
  await open('series', '&by=entry_point');
  const chart = now.page.locator('main .u-over');
  await chart.waitFor();
  await now.page.getByText('index', { exact: true }).first().waitFor();
  await screenshot(now.page, 'series');
  const plot = (await chart.boundingBox())!;
  await now.page.mouse.move(plot.x + plot.width * 0.3, plot.y + 30);
  await now.page.mouse.down();
  await now.page.mouse.move(plot.x + plot.width * 0.6, plot.y + 30, { steps: 5 });
  await now.page.mouse.up();
  await expectParam('from').not.toBe(SAMPLE_FROM);
});

test('a day of the calendar is looked at', async () => {
  await open('heatmap');
  const cell = now.page.getByRole('gridcell', { name: /2026-11-21/ }).first();
  await cell.waitFor();
  await screenshot(now.page, 'calendar');
  await cell.click();
  await expectParam('view').toBeNull();
  expect(param('from')).toBe('2026-11-21T00:00');
});

test('values of a label are compared, and one is looked at', async () => {
  await open('compare', '&by=entry_point');
  const table = now.page.getByRole('table', { name: /entry_point/ });
  await table.waitFor();
  await screenshot(now.page, 'compare');
  await table.getByRole('row').nth(1).click();
  await expectParam('query').toMatch(/entry_point="/);
});

test('the status tells losses, sizes and versions', async () => {
  await open('status');
  await now.page.getByText('No losses: nothing was lost since the server started.').waitFor();
  const version = (await now.server.run('--version')).trim();
  await now.page.getByText(new RegExp(`^${version.replaceAll('.', '\\.')} on `, 'i')).waitFor();
  const printed = await now.server.run('status');
  const stacks = /[\d,]+ stacks of [\d,]+ frames/.exec(printed)![0];
  await now.page.getByText(stacks).waitFor();
});
