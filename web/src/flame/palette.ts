// The colours of boxes. Every box has a shade, a small number; a palette says how shades look in
// the theme and with which text on them. Each shade has a faded twin, FADED further on.
import { DiffVerdict } from '@gen/flamekeep/v1/diff_pb';

import { contrast, hex, mixed, oklch, parseHex, type Rgb } from './colour';
import type { Graph, GraphDiff } from './graph';
import { folderOf, packageInName } from './package';
import { hashOf } from './path_id';

// Shades of packages: warm hues, from rose over orange to olive, each in two depths. Neighbours in
// this order differ little, and say nothing.
const HUES = [8, 22, 35, 47, 58, 69, 80, 92, 105, 120];
const DEPTHS = 2;
const PACKAGES = HUES.length * DEPTHS;

// Shades of differences, from the most that shrank over noise to the most that grew.
const STEPS = [0.002, 0.01, 0.05]; // of the share: where the next strength begins
const STRENGTHS = STEPS.length + 1;
const SHRANK = PACKAGES;
export const NOISE = SHRANK + STRENGTHS;

const ROOT = NOISE + STRENGTHS + 1;
export const MATCH = ROOT + 1;
export const RUN = MATCH + 1; // boxes too thin to be told apart
export const FADED = RUN + 1;

export interface Palette {
  fill: string[]; // by shade, faded ones too
  text: string[];
  page: string;
  selected: string;
  caption: string;
}

// What of the page's tokens (styles/tokens.css) palettes need.
export interface Tokens {
  page: string;
  text: string;
  mark: string;
  focus: string;
}

const INK = parseHex('#10131a');
const CHALK = parseHex('#ffffff');
const FADE = 0.62; // of a faded box towards the page
const TEXT_FADE = 0.15;

export function paletteOf(tokens: Tokens): Palette {
  const page = parseHex(tokens.page);
  const dark = contrast(page, CHALK) > contrast(page, INK);
  const fills = [
    ...HUES.flatMap((hue) => packageColours(hue, dark)),
    ...differenceColours(dark),
    dark ? oklch(0.34, 0.012, 260) : oklch(0.91, 0.008, 260), // root
    parseHex(tokens.mark),
    dark ? oklch(0.43, 0.035, 55) : oklch(0.83, 0.045, 60), // runs
  ];
  const readable = (on: Rgb) => hex(contrast(on, INK) > contrast(on, CHALK) ? INK : CHALK);
  const faded = fills.map((fill) => mixed(fill, page, FADE));
  return {
    fill: [...fills, ...faded].map(hex),
    text: [...fills.map(readable), ...faded.map(() => hex(mixed(parseHex(tokens.text), page, TEXT_FADE)))],
    page: tokens.page,
    selected: tokens.focus,
    caption: tokens.text,
  };
}

function packageColours(hue: number, dark: boolean): Rgb[] {
  return dark
    ? [oklch(0.47, 0.085, hue), oklch(0.41, 0.075, hue)]
    : [oklch(0.86, 0.085, hue), oklch(0.8, 0.105, hue)];
}

// Orange and blue: told apart with every kind of colour blindness. On a dark page the larger
// difference is the brighter, on a light page the deeper.
function differenceColours(dark: boolean): Rgb[] {
  const [orange, blue] = [55, 250];
  const strengths = Array.from({ length: STRENGTHS }, (_, i) => (i + 1) / STRENGTHS);
  const side = (hue: number, most: number) =>
    strengths.map((strength) =>
      dark
        ? oklch(0.36 + 0.38 * strength, 0.02 + most * strength, hue)
        : oklch(0.94 - 0.24 * strength, 0.01 + most * strength, hue),
    );
  const noise = dark ? oklch(0.32, 0.008, 260) : oklch(0.92, 0.006, 260);
  return [...side(blue, 0.11).reverse(), noise, ...side(orange, 0.13)];
}

function packageShade(packageName: string): number {
  return hashOf(packageName)[1] % PACKAGES;
}

// `difference` is of shares, from -1 to 1.
export function differenceShade(difference: number, beyondNoise: boolean): number {
  if (!beyondNoise || difference === 0) return NOISE;
  const size = Math.abs(difference);
  const strength = 1 + STEPS.filter((least) => size >= least).length;
  return NOISE + Math.sign(difference) * strength;
}

const known = new WeakMap<Graph, Uint8Array>();

export function shadesOf(graph: Graph): Uint8Array {
  const before = known.get(graph);
  if (before) return before;
  const shades = graph.diff ? differenceShades(graph.diff) : packageShades(graph);
  shades[0] = ROOT;
  known.set(graph, shades);
  return shades;
}

function differenceShades(diff: GraphDiff): Uint8Array {
  const shades = new Uint8Array(diff.difference.length);
  for (let i = 0; i < shades.length; ++i) {
    const beyondNoise = diff.verdict[i] === DiffVerdict.BEYOND_NOISE;
    shades[i] = differenceShade(diff.difference[i], beyondNoise);
  }
  return shades;
}

// Of the package in the name, or of the file's folder, or else of the name. Each name and file is
// looked at once.
function packageShades({ names, files, name, file }: Graph): Uint8Array {
  const ofName = names.map((text) => {
    const inName = packageInName(text);
    return inName === undefined ? undefined : packageShade(inName);
  });
  const ofFile = files.map((path) => packageShade(folderOf(path)));
  const shades = new Uint8Array(name.length);
  for (let i = 0; i < shades.length; ++i) {
    shades[i] =
      ofName[name[i]] ?? (file[i] > 0 ? ofFile[file[i]] : packageShade(names[name[i]]));
  }
  return shades;
}
