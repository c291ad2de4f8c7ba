import { describe, expect, it } from 'vitest';

import { emphasisOf, MATCHED } from './emphasis';
import { graphOf, type Graph } from './graph';
import { randomNumbers, randomTree, responseOf } from './random_tree';
import { look, NEGLIGIBLE, newVisible, rowsShown, THIN, type Viewport } from './viewport';

function randomGraph(random: () => number): Graph {
  return graphOf(responseOf(randomTree(random, { boxes: 400, names: 40, deepest: 30 }), 40));
}

function randomView(graph: Graph, random: () => number): Viewport {
  const whole = graph.total[0];
  const span = whole * random() ** 3;
  const firstRow = Math.floor(random() * 5);
  return {
    camera: { from: random() * (whole - span), span },
    width: 50 + Math.floor(random() * 1000),
    firstRow,
    endRow: firstRow + 1 + Math.floor(random() * 30),
  };
}

// Every box, by the definition: no subtree is left out but those below a negligible box.
function naive(graph: Graph, view: Viewport) {
  const scale = view.width / view.camera.span;
  const left = (i: number) => (graph.start[i] - view.camera.from) * scale;
  const right = (i: number) => left(i) + graph.total[i] * scale;
  const width = (i: number) => right(i) - left(i);
  const shown = (i: number): boolean =>
    right(i) > 0 &&
    left(i) < view.width &&
    (i === 0 || (width(graph.parent[i]) >= NEGLIGIBLE && shown(graph.parent[i])));
  const inRows = (i: number) => graph.depth[i] >= view.firstRow && graph.depth[i] < view.endRow;
  const all = [...graph.depth.keys()].filter((i) => shown(i) && inRows(i));
  return {
    wide: all.filter((i) => width(i) >= THIN),
    thin: all.filter((i) => width(i) < THIN),
    left,
    right,
  };
}

describe('look', () => {
  it('lists what is wide enough to be seen, and merges the rest without a hole', () => {
    const random = randomNumbers(7);
    const visible = newVisible();
    for (let round = 0; round < 300; ++round) {
      const graph = randomGraph(random);
      const view = randomView(graph, random);
      const matched = Uint8Array.from(graph.name, (name) => (name % 7 === 0 ? 1 : 0));
      const emphasis = emphasisOf(graph, matched, null);
      look(graph, view, emphasis, visible);

      const { wide, thin, left, right } = naive(graph, view);
      const { boxes, runs } = visible;
      expect([...boxes.box.subarray(0, boxes.size)]).toEqual(wide);
      wide.forEach((box, at) => {
        expect(boxes.left[at]).toBeCloseTo(Math.max(0, left(box)), 2);
        expect(boxes.right[at]).toBeCloseTo(Math.min(view.width, right(box)), 2);
      });
      for (const box of thin) {
        const flags = right(box) - left(box) < NEGLIGIBLE ? emphasis.within[box] : emphasis.own[box];
        const covers = runs.some(
          (run) =>
            run.row === graph.depth[box] &&
            run.flags === flags &&
            run.left <= Math.max(0, left(box)) &&
            run.right >= Math.min(view.width, right(box)),
        );
        expect(covers).toBe(true);
      }
      expect(runs.length).toBeLessThanOrEqual(thin.length);
    }
  });

  it('tells of a match that is too narrow to be drawn', () => {
    const random = randomNumbers(3);
    const graph = randomGraph(random);
    const deepest = graph.depth.indexOf(Math.max(...graph.depth));
    const matched = new Uint8Array(graph.depth.length);
    matched[deepest] = 1;
    const visible = newVisible();
    const view = { camera: { from: 0, span: graph.total[0] }, width: 1, firstRow: 0, endRow: 99 };
    look(graph, view, emphasisOf(graph, matched, null), visible);
    expect(visible.runs.some(({ flags }) => flags === MATCHED)).toBe(true);
  });
});

describe('rowsShown', () => {
  it('reaches down to the deepest box that is not negligible', () => {
    const random = randomNumbers(11);
    for (let round = 0; round < 100; ++round) {
      const graph = randomGraph(random);
      const view = { ...randomView(graph, random), firstRow: 0, endRow: 1000 };
      const { wide, thin, left, right } = naive(graph, view);
      const rows = [...wide, ...thin]
        .filter((i) => right(i) - left(i) >= NEGLIGIBLE)
        .map((i) => graph.depth[i] + 1);
      expect(rowsShown(graph, view.camera, view.width)).toBe(Math.max(1, ...rows));
    }
  });
});
