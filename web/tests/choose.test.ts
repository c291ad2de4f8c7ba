// What and when are chosen, and stand in the address.
import { describe, expect, onTestFinished, test } from 'vitest';

import { newPage, SAMPLE_FROM, SAMPLE_QUERY, screenshot, Server, visit } from './support';

const now = visit();

const param = (name: string) => new URL(now.page.url()).searchParams.get(name);
const expectParam = (name: string) => expect.poll(() => param(name));

describe('when', () => {
  test('the first visit shows the last samples there are, at fixed times', async () => {
    await now.page.goto(now.server.home);
    await now.page.getByRole('application', { name: 'Flame graph' }).waitFor();
    expect(param('query')).toContain('excimer');
    expect(param('from')).toMatch(/^2026-11-2[01]T\d\d:\d\d$/);
    expect(param('to')).toMatch(/^2026-11-21T01:\d\d$/);
    // Nothing to go back to: the page chose by itself.
    expect(await now.page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
  });

  test('shortcuts, steps and keys move the range; back and forward work', async () => {
    await now.page.goto(now.server.page(SAMPLE_QUERY));
    await now.page.getByRole('button', { name: 'Last 1 h' }).click();
    await expectParam('from').not.toBe(SAMPLE_FROM);
    const [from, to] = [param('from')!, param('to')!];
    expect(Date.parse(`${to}Z`) - Date.parse(`${from}Z`)).toBe(3_600_000);
    await now.page.getByRole('button', { name: 'Previous 1 h' }).click();
    await expectParam('to').toBe(from);
    await now.page.goBack();
    await expectParam('to').toBe(to);
    await now.page.goBack();
    await expectParam('from').toBe(SAMPLE_FROM);
    await now.page.goForward();
    await expectParam('to').toBe(to);
    await now.page.keyboard.press('[');
    await expectParam('to').toBe(from);
    await now.page.keyboard.press(']');
    await expectParam('to').toBe(to);
    // Held, it is one step back.
    const steps = await now.page.evaluate(() => history.length);
    for (let times = 0; times < 3; ++times) await now.page.keyboard.down('[');
    await now.page.keyboard.up('[');
    expect(Date.parse(to) - Date.parse(param('to')!)).toBe(3 * 3_600_000);
    expect(await now.page.evaluate(() => history.length)).toBe(steps + 1);
    await now.page.goBack();
    await expectParam('to').toBe(to);
    await now.page.getByRole('button', { name: 'All samples' }).click();
    await expectParam('from').toMatch(/^2026-11-21T00:5/);
  });

  test('exact fields are taken, and explained where they are wrong', async () => {
    await now.page.goto(now.server.page(SAMPLE_QUERY));
    const field = now.page.getByLabel('From, UTC').first();
    await field.fill('2026-11-21 00:55');
    await field.press('Enter');
    await expectParam('from').toBe('2026-11-21T00:55');
    await field.fill('2026-11-21 09:00');
    await field.press('Enter');
    await now.page.getByRole('alert').filter({ hasText: 'begin before' }).waitFor();
    expect(param('from')).toBe('2026-11-21T00:55');
    for (const text of ['yesterday', '2026-02-30']) {
      await field.fill(text);
      await field.press('Enter');
      await now.page.getByText('This is not a time. Write it like 2026-11-20 13:05, in UTC.').waitFor();
      await field.press('Escape');
    }
    expect(param('from')).toBe('2026-11-21T00:55');
  });

  test('a range is drawn on the timeline, and moved by keys', async () => {
    await now.page.goto(now.server.page('query=excimer-wall&from=2026-11-21T00:58&to=2026-11-21T01:00'));
    const slider = now.page.getByRole('slider').first();
    await slider.waitFor();
    const plot = (await now.page.locator('.choose .u-over').first().boundingBox())!;
    const at = (share: number) => plot.x + plot.width * share;
    await now.page.mouse.move(at(0.2), plot.y + 20);
    await now.page.mouse.down();
    await now.page.mouse.move(at(0.25), plot.y + 20, { steps: 4 });
    await now.page.mouse.move(at(0.3), plot.y + 20, { steps: 4 });
    await now.page.mouse.up();
    await expectParam('from').not.toBe('2026-11-21T00:58');
    const drawn = param('from')!;
    await slider.focus();
    await now.page.keyboard.press('ArrowRight');
    await expectParam('from').not.toBe(drawn);
    // However often, it stays where it is seen.
    for (let times = 0; times < 9; ++times) await now.page.keyboard.down('PageDown');
    await now.page.keyboard.up('PageDown');
    await slider.waitFor();
    await screenshot(now.page, 'timeline');
  });
});

describe('what', () => {
  test('values of a label are chosen in its chip, and taken away', async () => {
    await now.page.goto(now.server.page(SAMPLE_QUERY));
    await now.page.getByRole('button', { name: /^entry_point/ }).click();
    await now.page.getByRole('checkbox', { name: 'index' }).check();
    await expectParam('query').toBe('excimer-wall{entry_point="index"}');
    await now.page.getByRole('checkbox', { name: 'api' }).check();
    await expectParam('query').toBe('excimer-wall{entry_point=~"index|api"}');
    await now.page.keyboard.press('Escape');
    await now.page.getByRole('button', { name: 'Remove entry_point' }).click();
    await expectParam('query').toBe('excimer-wall');
  });

  test('the profile type is chosen', async () => {
    await now.page.goto(now.server.page(SAMPLE_QUERY));
    await now.page.getByLabel('Profile type').selectOption({ label: 'excimer (samples)' });
    await expectParam('query').toBe('excimer');
  });

  test('experts write the selector; what is wrong is told in the server’s words', async () => {
    await now.page.goto(now.server.page(SAMPLE_QUERY));
    await now.page.getByRole('button', { name: 'Query', exact: true }).click();
    const line = now.page.getByLabel('Query', { exact: true }).and(now.page.locator('input, textarea'));
    await line.fill('excimer-wall{entry_point=~"ind.*"}');
    await line.press('Enter');
    await expectParam('query').toBe('excimer-wall{entry_point=~"ind.*"}');
    await line.fill('excimer-wall{entry_point=~"("}');
    await line.press('Enter');
    await now.page.getByRole('alert').first().waitFor();
    expect(param('query')).toBe('excimer-wall{entry_point=~"ind.*"}');
    // The browser's own line about a reply that is an error.
    expect(now.complaints.splice(0)).toEqual([expect.stringContaining('400 (Bad Request)')]);
  });

  test('filters of frames are chips', async () => {
    await now.page.goto(now.server.page(`${SAMPLE_QUERY}&keep=Database`));
    await now.page.getByRole('button', { name: '+ Filter' }).click();
    const box = now.page.getByRole('dialog', { name: 'Add a filter of frames' });
    await box.getByLabel('Frame', { exact: true }).fill('^run$');
    await box.getByLabel('Filter').selectOption('hide');
    await box.getByRole('button', { name: 'Add' }).click();
    await expectParam('hide').toBe('^run$');
    await screenshot(now.page, 'chips');
    await now.page.getByRole('button', { name: /^Remove .* Database$/ }).click();
    await expectParam('keep').toBeNull();
    expect(param('hide')).toBe('^run$');
  });
});

test('an empty store explains how samples come in', async () => {
  const empty = await Server.start();
  onTestFinished(() => empty.stop());
  const { page: other, complaints: others } = await newPage(now.browser, empty.home);
  await other.goto(empty.home);
  await other.getByText('This store has no samples yet').waitFor();
  expect(others).toEqual([]);
});
