// A flame graph as a picture: all of it, at a width of choice, with a title.
import { exactly } from '@/format/numbers';

import { cameraOn } from './camera';
import { valueText } from './detail';
import { emphasisOf } from './emphasis';
import type { Graph } from './graph';
import { FONT, FONT_FAMILY, Painter, ROW } from './painter';
import { printable, TextFit, measureIn } from './text_fit';
import { currentPalette } from './theme';
import { rowsShown } from './viewport';

export interface PngOptions {
  title: string;
  unit: string;
  inverted?: boolean;
  width?: number; // pixels of the page; the picture has twice as many
}

const DENSITY = 2;
const MARGIN = 16;
const HEAD = 56; // pixels above the graph
const TITLE_BASELINE = 26;
const SUBTITLE_BASELINE = 45;
const HIGHEST = 16_000; // pixels of the picture: browsers draw none that are much higher

export async function drawPng(graph: Graph, options: PngOptions): Promise<Blob> {
  const { title, unit, inverted = false, width = 1600 } = options;
  const inner = width - 2 * MARGIN;
  const camera = cameraOn(graph, 0);
  const wanted = rowsShown(graph, camera, inner);
  const rows = Math.min(wanted, Math.floor((HIGHEST / DENSITY - HEAD - MARGIN) / ROW));
  const height = HEAD + rows * ROW + MARGIN;

  const canvas = document.createElement('canvas');
  canvas.width = width * DENSITY;
  canvas.height = height * DENSITY;
  const context = canvas.getContext('2d')!;
  const palette = currentPalette();
  context.scale(DENSITY, DENSITY);
  context.fillStyle = palette.page;
  context.fillRect(0, 0, width, height);

  context.fillStyle = palette.caption;
  context.font = `600 16px ${FONT_FAMILY}`;
  context.fillText(printable(title), MARGIN, TITLE_BASELINE, inner);
  context.font = FONT;
  const told = [
    valueText(graph.exactTotal[0] ?? 0n, unit),
    inverted && 'callers below their callees',
    graph.diff && 'orange grew, blue shrank, grey is within noise',
    rows < wanted && `the upper ${exactly(rows)} of ${exactly(wanted)} rows`,
  ].filter((part) => typeof part === 'string');
  context.fillText(told.join(' · '), MARGIN, SUBTITLE_BASELINE, inner);

  context.translate(MARGIN, HEAD);
  new Painter().paint(
    context,
    {
      graph,
      emphasis: emphasisOf(graph, null, null),
      searching: false,
      zoomed: 0,
      palette,
      labels: new TextFit(graph.names, measureIn(FONT)),
    },
    { view: { camera, width: inner, firstRow: 0, endRow: rows }, top: 0, density: DENSITY },
  );

  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error(`the browser draws no picture of ${width} × ${height} pixels`));
    }, 'image/png');
  });
}
