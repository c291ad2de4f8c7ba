// Draws what is visible of a flame graph.
import { MATCHED, SELECTED, type Emphasis } from './emphasis';
import type { Graph } from './graph';
import { isWithin } from './hit';
import { FADED, MATCH, NOISE, RUN, shadesOf, type Palette } from './palette';
import type { TextFit } from './text_fit';
import { look, newVisible, type Visible, type Viewport } from './viewport';

export const ROW = 18; // pixels, a gap of one among them
export const FONT_FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
export const FONT = `12px ${FONT_FAMILY}`;
const PADDING = 4;
const LEAST_TEXT = 2 * PADDING + 14; // narrower boxes show none
const GAP_FROM = 3; // narrower boxes have no gap beside them

export interface Scene {
  graph: Graph;
  emphasis: Emphasis;
  searching: boolean; // what does not match is faded
  zoomed: number; // the boxes above it are faded
  palette: Palette;
  labels: TextFit;
}

export interface Screen {
  view: Viewport;
  top: number; // pixels from the root's upper edge to that of the screen
  density: number; // pixels of the screen for each of the page
}

export class Painter {
  private readonly visible: Visible = newVisible();
  private shade = new Uint8Array(0); // of visible boxes
  private order = new Uint32Array(0); // of visible boxes, by shade
  private readonly starts = new Uint32Array(2 * FADED + 1); // in `order`, of each shade

  // Boxes onto what is already there; the context's unit is the page's pixel.
  paint(context: CanvasRenderingContext2D, scene: Scene, screen: Screen): void {
    look(scene.graph, screen.view, scene.emphasis, this.visible);
    this.sortByShade(scene);
    this.drawRuns(context, scene, screen);
    this.drawBoxes(context, scene, screen);
    this.drawTexts(context, scene, screen);
    this.drawSelected(context, scene, screen);
  }

  // Changing the colour costs more than drawing a box.
  private sortByShade(scene: Scene): void {
    const { box, size } = this.visible.boxes;
    if (this.shade.length < box.length) {
      this.shade = new Uint8Array(box.length);
      this.order = new Uint32Array(box.length);
    }
    const shades = shadesOf(scene.graph);
    const { starts } = this;
    starts.fill(0);
    for (let i = 0; i < size; ++i) {
      const shade = shadeOf(scene, shades, box[i]);
      this.shade[i] = shade;
      starts[shade + 1] += 1;
    }
    for (let shade = 1; shade < starts.length; ++shade) starts[shade] += starts[shade - 1];
    for (let i = 0; i < size; ++i) this.order[starts[this.shade[i]]++] = i;
  }

  private drawRuns(context: CanvasRenderingContext2D, scene: Scene, screen: Screen): void {
    const { graph, palette, searching } = scene;
    const shade = graph.diff ? NOISE : RUN;
    const plain = palette.fill[searching ? shade + FADED : shade];
    // What stands out is drawn last, over what does not.
    for (const flags of [0, MATCHED, SELECTED, MATCHED | SELECTED]) {
      context.fillStyle =
        flags & SELECTED ? palette.selected : flags & MATCHED ? palette.fill[MATCH] : plain;
      for (const run of this.visible.runs) {
        if (run.flags !== flags) continue;
        const left = Math.floor(run.left * screen.density) / screen.density;
        const right = Math.ceil(run.right * screen.density) / screen.density;
        context.fillRect(left, run.row * ROW - screen.top, right - left, ROW - 1);
      }
    }
  }

  private drawBoxes(context: CanvasRenderingContext2D, scene: Scene, screen: Screen): void {
    const { box, left, right } = this.visible.boxes;
    const { depth } = scene.graph;
    const { density, top, view } = screen;
    let begin = 0;
    for (let shade = 0; shade < 2 * FADED; ++shade) {
      const end = this.starts[shade];
      if (begin === end) continue;
      context.fillStyle = scene.palette.fill[shade];
      for (let at = begin; at < end; ++at) {
        const i = this.order[at];
        const x = Math.round(left[i] * density) / density;
        let width = Math.round(right[i] * density) / density - x;
        if (width >= GAP_FROM && right[i] < view.width) width -= 1;
        context.fillRect(x, depth[box[i]] * ROW - top, Math.max(1 / density, width), ROW - 1);
      }
      begin = end;
    }
  }

  private drawTexts(context: CanvasRenderingContext2D, scene: Scene, screen: Screen): void {
    const { box, left, right, size } = this.visible.boxes;
    const { graph, labels, palette } = scene;
    context.font = FONT;
    context.textBaseline = 'alphabetic';
    context.direction = 'ltr';
    let colour = '';
    for (let at = 0; at < size; ++at) {
      const i = this.order[at];
      const width = right[i] - left[i];
      if (width < LEAST_TEXT) continue;
      const text = labels.fit(graph.name[box[i]], width - 2 * PADDING);
      if (text === '') continue;
      if (palette.text[this.shade[i]] !== colour) {
        colour = palette.text[this.shade[i]];
        context.fillStyle = colour;
      }
      const baseline = graph.depth[box[i]] * ROW - screen.top + 13;
      context.fillText(text, Math.round(left[i]) + PADDING, baseline);
    }
  }

  private drawSelected(context: CanvasRenderingContext2D, scene: Scene, screen: Screen): void {
    const { box, left, right, size } = this.visible.boxes;
    context.strokeStyle = scene.palette.selected;
    context.lineWidth = 2;
    for (let i = 0; i < size; ++i) {
      if (!(scene.emphasis.own[box[i]] & SELECTED)) continue;
      const x = Math.round(left[i]);
      const width = Math.max(3, Math.round(right[i]) - x - 1);
      const y = scene.graph.depth[box[i]] * ROW - screen.top;
      context.strokeRect(x + 1, y + 1, Math.max(1, width - 2), ROW - 3);
    }
  }
}

function shadeOf(scene: Scene, shades: Uint8Array, box: number): number {
  const above = box !== scene.zoomed && isWithin(scene.graph, scene.zoomed, box);
  if (scene.searching) {
    if (scene.emphasis.own[box] & MATCHED) return MATCH;
    return shades[box] + FADED;
  }
  return above ? shades[box] + FADED : shades[box];
}
