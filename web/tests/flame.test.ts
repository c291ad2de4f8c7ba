// The flame graph under hand and keys.
import { readFile } from 'node:fs/promises';

import type { Locator, Route } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';

import { percent } from '@/format/numbers';

import { newPage, SAMPLE_FROM, SAMPLE_QUERY, SAMPLE_TO, screenshot, Server, visit } from './support';

const now = visit();
let graph: Locator;

const ROW = 18; // pixels

// Names as somebody could push them who wants to run scripts in the browsers of others.
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '"onmouseover="alert(1)',
  '\u202Eevil',
  '𝕊𝕡𝕒𝕞 🔥',
];

const param = (name: string) => new URL(now.page.url()).searchParams.get(name);
const expectParam = (name: string) => expect.poll(() => param(name));

async function open(more = ''): Promise<void> {
  await now.page.goto(now.server.page(SAMPLE_QUERY + more));
  graph = now.page.getByRole('application');
  await graph.waitFor();
}

// The middle of a row, at a share of the graph's width.
async function spot(row: number, share = 0.1): Promise<[number, number]> {
  const box = (await graph.boundingBox())!;
  return [box.x + box.width * share, box.y + (row + 0.5) * ROW];
}

// What a reader of the screen is told last.
const spoken = () => now.page.locator('[aria-live="polite"]').last().textContent();

test('a click zooms and selects, Escape zooms out, and the address has both', async () => {
  await open();
  await now.page.mouse.click(...(await spot(3)));
  await expectParam('fn').not.toBeNull();
  const [zoom, fn] = [param('zoom'), param('fn')];
  expect(fn).toBeTruthy();
  await screenshot(now.page, 'zoomed');
  await now.page.reload();
  await graph.waitFor();
  expect([param('zoom'), param('fn')]).toEqual([zoom, fn]);
  await graph.focus();
  await now.page.keyboard.press('Escape');
  await expectParam('zoom').toBeNull();
  await now.page.goBack();
  await expectParam('zoom').toBe(zoom);
  await now.page.getByRole('button', { name: 'Reset zoom' }).click();
  await expectParam('zoom').toBeNull();
});

test('hovering tells function, values, shares and path, and moves nothing', async () => {
  await open();
  const before = await graph.boundingBox();
  await now.page.mouse.move(...(await spot(2)));
  const tip = now.page.locator('.flame-tooltip');
  await tip.waitFor();
  expect(await tip.textContent()).toMatch(/%/);
  expect(await graph.boundingBox()).toEqual(before);
  await screenshot(now.page, 'tooltip');
});

test('keys walk, tell, zoom and open the menu', async () => {
  await open();
  await graph.focus();
  await now.page.keyboard.press('ArrowDown');
  await expect.poll(spoken).toMatch(/mediawiki/);
  const first = await spoken();
  await now.page.keyboard.press('ArrowRight');
  await expect.poll(spoken).not.toBe(first);
  await now.page.keyboard.press('Enter');
  await expectParam('zoom').not.toBeNull();
  await now.page.keyboard.press('m');
  await now.page.getByRole('menu').waitFor();
  await now.page.keyboard.press('ArrowDown');
  await now.page.keyboard.press('Escape');
  await expect.poll(() => now.page.getByRole('menu').count()).toBe(0);
  await now.page.keyboard.press('Backspace');
  await expectParam('zoom').toBeNull();
});

test('the root is no function: it has no menu, and no name to copy', async () => {
  await open();
  await graph.focus();
  for (const key of ['m', 'c']) {
    await now.page.keyboard.press('ArrowDown');
    await expect.poll(spoken).toMatch(/total/);
    await now.page.keyboard.press('Home');
    await expect.poll(spoken).toMatch(/^all; /);
    await now.page.keyboard.press(key);
    await expect.poll(spoken).toBe('This is the whole graph, and no function.');
  }
  await now.page.mouse.click(...(await spot(0)), { button: 'right' });
  expect(await now.page.getByRole('menu').count()).toBe(0);
});

test('while another graph is on its way the last one keeps name and focus, and is no picture', async () => {
  await open();
  await now.page.getByRole('button', { name: 'Inverted' }).click();
  const inverted = now.page.getByRole('application', { name: 'Inverted flame graph' });
  await inverted.focus();
  const held: Route[] = [];
  await now.page.route('**/FlameGraph', (route) => void held.push(route));
  await now.page.goBack();
  await expectParam('inverted').toBeNull();
  await now.page.getByText('Summing up the flame graph. Choose something else to stop it.').waitFor();
  expect(await inverted.evaluate((element) => element === document.activeElement)).toBe(true);
  const share = now.page.getByRole('button', { name: 'Share', exact: true });
  const picture = now.page.getByRole('menuitem', { name: 'Download PNG' });
  await share.click();
  await now.page.getByRole('menuitem', { name: 'Download SVG' }).waitFor();
  expect(await picture.count()).toBe(0);
  await now.page.keyboard.press('Escape');
  await held[0].continue();
  await now.page.getByRole('application', { name: 'Flame graph', exact: true }).waitFor();
  await share.click();
  await picture.waitFor();
});

test('the menu narrows the stacks: keep, focus, hide, drop, sandwich', async () => {
  await open();
  for (const [item, name] of [
    ['Keep only stacks with it', 'keep'],
    ['Focus on it', 'focus'],
    ['Hide it', 'hide'],
    ['Drop stacks with it', 'drop'],
  ]) {
    await now.page.goto(now.server.page(SAMPLE_QUERY));
    await graph.waitFor();
    await now.page.mouse.click(...(await spot(4)), { button: 'right' });
    await now.page.getByRole('menuitem', { name: item }).click();
    await expectParam(name).toMatch(/^\^.*\$$/);
  }
  await now.page.goto(now.server.page(SAMPLE_QUERY));
  await graph.waitFor();
  await now.page.mouse.click(...(await spot(4)), { button: 'right' });
  await screenshot(now.page, 'menu');
  await now.page.getByRole('menuitem', { name: /^Sandwich/ }).click();
  await expectParam('view').toBe('sandwich');
});

// Pixels of the graph in the colour of matches.
const marked = () =>
  graph.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const mark = getComputedStyle(canvas).getPropertyValue('--mark').trim();
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [red, green, blue] = data.subarray(i, i + 3);
      const colour = (red << 16) | (green << 8) | blue;
      if (`#${colour.toString(16).padStart(6, '0')}` === mark) count += 1;
    }
    return count;
  });

test.each(['Database', '\\AMediaWiki::run\\z', '(?i)\\Qparser::\\E', 'file:nowhere'])(
  'searching %s tells what the command line does, and marks it',
  async (expression) => {
    await open();
    expect(await marked()).toBe(0);
    await now.page.keyboard.press('/');
    await now.page.keyboard.type(expression);
    await expectParam('search').toBe(expression);
    const told = now.page.locator('.toolbar').getByRole('status');
    await expect.poll(() => told.textContent()).toMatch(/all$|^No/);
    const printed = await now.server.run(
      ...['search', expression, 'excimer-wall', '--from', SAMPLE_FROM, '--to', SAMPLE_TO],
    );
    const [, functions] = /^([\d,]+) functions? match;/m.exec(printed)!;
    const [, matched, total] = /([\d,]+) \(\S+%\) of ([\d,]+) samples/.exec(printed)!;
    const number = (digits: string) => Number(digits.replaceAll(',', ''));
    const words = functions === '1' ? 'function' : 'functions';
    const share = percent(number(matched) / number(total));
    expect(await told.textContent()).toBe(
      functions === '0' ? 'No function matches.' : `${functions} ${words}, ${share} of all`,
    );
    expect(await told.getAttribute('title')).toBe(`${matched} of ${total}`);
    await expect.poll(async () => (await marked()) > 0).toBe(functions !== '0');
    await screenshot(now.page, 'search');
  },
);

test('letters that are typed while a search is sent stay', async () => {
  await open();
  const field = now.page.getByRole('searchbox', { name: 'Search functions' });
  // Types on at the moment at which the address gets what was typed so far; what stands there two
  // frames later, before that is sent in turn.
  const standing = field.evaluate(
    (input: HTMLInputElement) =>
      new Promise<string>((resolve) => {
        const replace = history.replaceState.bind(history);
        history.replaceState = (...state) => {
          history.replaceState = replace;
          replace(...state);
          input.value = 'Database';
          input.dispatchEvent(new Event('input', { bubbles: true }));
          const later = (act: () => void) => requestAnimationFrame(() => setTimeout(act));
          later(() => later(() => resolve(input.value)));
        };
      }),
  );
  await field.fill('Data');
  expect(await standing).toBe('Database');
  await expectParam('search').toBe('Database');
});

test('an expression that is none is told in the words of the server', async () => {
  await open('&search=Database');
  await expect.poll(marked).toBeGreaterThan(0);
  await now.page.getByRole('searchbox', { name: 'Search functions' }).fill('a(');
  await now.page.getByText('`function` has "a(", which is no RE2 expression: missing ): a(').waitFor();
  await expect.poll(marked).toBe(0);
  // The browser tells of each answer that is none.
  expect(now.complaints.splice(0)).toEqual([expect.stringContaining('400')]);
});

test('the graph is inverted, and has the functions beside it', async () => {
  await open();
  await now.page.getByRole('button', { name: 'Inverted' }).click();
  await expectParam('inverted').toBe('1');
  await now.page.getByRole('application', { name: 'Inverted flame graph' }).waitFor();
  await now.page.getByRole('button', { name: 'Table beside' }).click();
  await expectParam('beside').toBe('1');
  const table = now.page.getByRole('table', { name: 'Functions' });
  await table.waitFor();
  await table.getByRole('row').nth(1).click();
  await expectParam('fn').not.toBeNull();
  await screenshot(now.page, 'beside');
});

test('is crisp on high-density screens', async () => {
  const dense = await newPage(now.browser, now.server.home, { deviceScaleFactor: 2 });
  await dense.page.goto(now.server.page(SAMPLE_QUERY));
  const canvas = dense.page.locator('canvas').last();
  await dense.page.getByRole('application').waitFor();
  const [pixels, width] = await canvas.evaluate((element) => [
    (element as HTMLCanvasElement).width,
    element.clientWidth,
  ]);
  expect(pixels).toBeGreaterThanOrEqual(2 * width - 2);
  expect(dense.complaints).toEqual([]);
});

test('names with markup in them stay text everywhere', async () => {
  const other = await Server.start();
  onTestFinished(() => other.stop());
  const folded = HOSTILE.map((name, i) => `main;${name} ${10 + i}`).join('\n');
  await other.importFolded(folded, '2026-11-20T13:00');
  const hostile = await newPage(now.browser, other.home);
  hostile.page.on('dialog', (dialog) => hostile.complaints.push(`dialog: ${dialog.message()}`));
  const asked = 'query=cpu&from=2026-11-20T13:00&to=2026-11-20T14:00';
  for (const view of ['flame', 'functions', 'sandwich', 'series', 'compare', 'heatmap']) {
    for (const name of HOSTILE) {
      const fn = encodeURIComponent(name);
      await hostile.page.goto(other.page(`${asked}&view=${view}&beside=1&fn=${fn}&search=${fn}`));
      await hostile.page.locator('main').waitFor();
      await expect.poll(() => hostile.page.locator('[aria-busy="true"]').count()).toBe(0);
    }
  }
  await hostile.page.goto(other.page(`${asked}&view=functions`));
  await hostile.page.getByRole('button', { name: HOSTILE[0] }).waitFor();
  expect(await hostile.page.locator('img, script:not([src])').count()).toBe(0);
  // Pictures of the server, too: opened in a tab of their own.
  await hostile.page.goto(`${other.home}render?${asked}&format=svg`);
  await hostile.page.waitForLoadState('networkidle');
  expect(hostile.complaints).toEqual([]);
});

test('the picture is a PNG of the graph', async () => {
  await open();
  await now.page.getByRole('button', { name: 'Share', exact: true }).click();
  const [download] = await Promise.all([
    now.page.waitForEvent('download'),
    now.page.getByRole('menuitem', { name: 'Download PNG' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^excimer-wall\.20261121-0052\..*\.png$/);
  const bytes = await readFile(await download.path());
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(bytes.readUInt32BE(16)).toBeGreaterThan(2000); // pixels wide
});
