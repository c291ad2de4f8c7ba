// How quickly a flame graph of 100,000 boxes opens, and how smoothly it moves, in Chromium.
// Run by `npm run bench`; CHROMIUM names another browser than Debian's.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';

import type { Opened } from './harness';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROUNDS = 5;
const ZOOM_MS = 220;
const SECONDS = 3;

const quantile = (values: number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

function tellFrames(what: string, deltas: number[]): void {
  const total = deltas.reduce((sum, delta) => sum + delta, 0);
  const [median, late, longest] = [0.5, 0.95, 1].map((share) => quantile(deltas, share).toFixed(1));
  const rate = ((1000 * deltas.length) / total).toFixed(0);
  console.log(
    `${what.padEnd(22)} ${rate} frames/s, median ${median} ms, p95 ${late} ms, longest ${longest} ms`,
  );
}

async function tellOpening(page: Page): Promise<void> {
  const opened: Opened[] = [];
  for (let round = 0; round < ROUNDS; ++round) {
    opened.push(await page.evaluate(() => harness.open()));
  }
  const told = (values: Opened[]) =>
    (['decode', 'model', 'draw'] as const)
      .map((part) => `${part} ${quantile(values.map((one) => one[part]), 0.5).toFixed(0)} ms`)
      .join(', ');
  console.log(`bytes of 100,000 boxes ${opened[0].bytes}`);
  console.log(`first opening          ${told(opened.slice(0, 1))}`);
  console.log(`later ones (median)    ${told(opened.slice(1))}`);
}

async function zooming(page: Page): Promise<number[]> {
  return page.evaluate(async (wait) => {
    const deltas: number[] = [];
    for (const box of harness.boxesToZoom().flatMap((chosen) => [chosen, 0])) {
      harness.zoomTo(box);
      deltas.push(...(await harness.frames(wait)));
    }
    return deltas;
  }, ZOOM_MS);
}

// Frames while events of the mouse come in as quickly as the page takes them.
async function whileMoving(page: Page, act: (round: number) => Promise<void>): Promise<number[]> {
  const frames = page.evaluate((wait) => harness.frames(wait), SECONDS * 1000);
  const end = Date.now() + SECONDS * 1000;
  for (let round = 0; Date.now() < end; ++round) await act(round);
  return frames;
}

async function measure(page: Page): Promise<void> {
  await tellOpening(page);
  tellFrames('zoom animations', await zooming(page));
  const { mouse } = page;
  const hover = (round: number) => mouse.move(20 + ((round * 37) % 1300), 60 + ((round * 11) % 700));
  tellFrames('hover sweeps', await whileMoving(page, hover));
  const scroll = (round: number) => mouse.wheel(0, round % 40 < 20 ? 30 : -30);
  tellFrames('scrolling', await whileMoving(page, scroll));

  await page.evaluate(() => globalThis.scrollTo(0, 0));
  await mouse.move(500, 300);
  await page.keyboard.down('Control');
  const zoom = (round: number) => mouse.wheel(0, round % 60 < 30 ? -12 : 12);
  tellFrames('zooming by wheel', await whileMoving(page, zoom));
  for (let i = 0; i < 12; ++i) await mouse.wheel(0, -30);
  await page.keyboard.up('Control');
  await mouse.down();
  const pan = (round: number) => mouse.move(500 + 400 * Math.sin(round / 15), 300);
  tellFrames('panning', await whileMoving(page, pan));
  await mouse.up();
}

const out = await mkdtemp(join(tmpdir(), 'flamekeep-bench-'));
await build({
  root: HERE,
  base: './',
  logLevel: 'error',
  configFile: join(HERE, '../vite.config.ts'),
  build: { outDir: out, emptyOutDir: true, rollupOptions: { input: join(HERE, 'frame_rate.html') } },
});
const server = await preview({
  root: HERE,
  logLevel: 'error',
  configFile: false,
  build: { outDir: out },
  preview: { port: 0 },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(new URL('frame_rate.html', server.resolvedUrls!.local[0]).href);
  await page.waitForFunction(() => document.title === 'ready');
  await measure(page);
} finally {
  await browser.close();
  await server.close();
  await rm(out, { recursive: true });
}
