// Which boxes a camera shows, and where: only what can be seen is visited.
//
// Boxes of at least THIN pixels are listed one by one. Thinner ones, which nobody could tell apart,
// are merged with their neighbours into runs; below those under NEGLIGIBLE nothing is looked at.
import type { Camera } from './camera';
import type { Emphasis } from './emphasis';
import type { Graph } from './graph';

export const THIN = 1.5;
export const NEGLIGIBLE = 0.3;
// Thin boxes that are no farther apart than this are of one run.
const RUN_GAP = 0.75;

export interface Viewport {
  camera: Camera;
  width: number; // pixels that the camera's span takes
  firstRow: number;
  endRow: number; // behind the last one
}

// Reused from frame to frame: it grows to the most boxes that were seen, and no further.
export class VisibleBoxes {
  size = 0;
  box = new Uint32Array(1024);
  left = new Float32Array(1024); // pixels, clipped to the viewport
  right = new Float32Array(1024);

  add(box: number, left: number, right: number): void {
    if (this.size === this.box.length) this.grow();
    this.box[this.size] = box;
    this.left[this.size] = left;
    this.right[this.size] = right;
    this.size += 1;
  }

  private grow(): void {
    const copy = <T extends Uint32Array | Float32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    const capacity = this.size * 2;
    this.box = copy(new Uint32Array(capacity), this.box);
    this.left = copy(new Float32Array(capacity), this.left);
    this.right = copy(new Float32Array(capacity), this.right);
  }
}

// Boxes that are drawn as one, in one row.
export interface Run {
  row: number;
  left: number;
  right: number;
  flags: number; // of emphasis, that its boxes have in common
}

export interface Visible {
  boxes: VisibleBoxes;
  runs: Run[];
}

export function newVisible(): Visible {
  return { boxes: new VisibleBoxes(), runs: [] };
}

const FLAG_SETS = 4;

// Fills `visible` anew.
export function look(graph: Graph, view: Viewport, emphasis: Emphasis, visible: Visible): void {
  const { depth, end, parent, start, total } = graph;
  const { width, firstRow, endRow } = view;
  const { from, span } = view.camera;
  const scale = width / span;
  const size = depth.length;
  const open: (Run | undefined)[] = []; // by row and flags: the run that may go on
  visible.boxes.size = 0;
  visible.runs.length = 0;

  for (let i = 0; i < size; ) {
    const left = (start[i] - from) * scale;
    if (left >= width) {
      // Nor do the siblings that follow begin any earlier.
      i = i === 0 ? size : end[parent[i]];
      continue;
    }
    const row = depth[i];
    const right = left + total[i] * scale;
    if (right <= 0 || row >= endRow) {
      i = end[i];
      continue;
    }
    const negligible = right - left < NEGLIGIBLE;
    if (row >= firstRow) {
      const shownLeft = Math.max(0, left);
      const shownRight = Math.min(width, right);
      if (right - left >= THIN) {
        visible.boxes.add(i, shownLeft, shownRight);
      } else {
        const flags = negligible ? emphasis.within[i] : emphasis.own[i];
        const at = row * FLAG_SETS + flags;
        const run = open[at];
        if (run && left - run.right <= RUN_GAP) {
          run.right = shownRight;
        } else {
          const next = { row, left: shownLeft, right: shownRight, flags };
          open[at] = next;
          visible.runs.push(next);
        }
      }
    }
    i = negligible ? end[i] : i + 1;
  }
}

// How many rows a camera needs: down to the deepest box in it that is not negligible.
export function rowsShown(graph: Graph, camera: Camera, width: number): number {
  const { depth, end, start, total } = graph;
  const least = (NEGLIGIBLE / Math.max(1, width)) * camera.span;
  let rows = 1;
  for (let i = 0; i < depth.length; ) {
    const out = start[i] >= camera.from + camera.span || start[i] + total[i] <= camera.from;
    if (out || total[i] < least) {
      i = end[i];
    } else {
      rows = Math.max(rows, depth[i] + 1);
      i += 1;
    }
  }
  return rows;
}
