import { describe, expect, it } from 'vitest';

import { between, cameraOn, inside, panned, sameCamera, zoomedAround, type Camera } from './camera';
import { graphOf } from './graph';
import { randomNumbers, randomTree, responseOf } from './random_tree';

const random = randomNumbers(4);
const graph = graphOf(responseOf(randomTree(random, { boxes: 50, names: 9, deepest: 9 }), 9));
const whole = graph.total[0];
const onScreen = (camera: Camera, place: number) => (place - camera.from) / camera.span;

describe('cameras', () => {
  it('stay inside the graph', () => {
    for (let round = 0; round < 500; ++round) {
      const wild = { from: (random() * 4 - 2) * whole, span: random() * 3 * whole };
      for (const camera of [
        inside(graph, wild),
        panned(graph, inside(graph, wild), random() * 4 - 2),
        zoomedAround(graph, inside(graph, wild), random(), random() * 4),
      ]) {
        expect(camera.from).toBeGreaterThanOrEqual(0);
        expect(camera.span).toBeGreaterThan(0);
        expect(camera.from + camera.span).toBeLessThanOrEqual(whole * (1 + 1e-12));
      }
    }
  });

  it('zoom around what is under the pointer', () => {
    const camera = { from: 0.2 * whole, span: 0.4 * whole };
    const place = camera.from + 0.3 * camera.span;
    expect(onScreen(zoomedAround(graph, camera, 0.3, 5), place)).toBeCloseTo(0.3, 9);
  });

  it('move every edge in a straight line, from where it was to where it will be', () => {
    const [a, b] = [cameraOn(graph, 0), cameraOn(graph, 7)];
    for (const part of [0, 0.25, 0.5, 1]) {
      const camera = between(a, b, part);
      for (const place of [0, 0.1 * whole, whole]) {
        const straight = onScreen(a, place) * (1 - part) + onScreen(b, place) * part;
        expect(onScreen(camera, place)).toBeCloseTo(straight, 6);
      }
    }
    expect(sameCamera(between(a, b, 1), b)).toBe(true);
  });

  it('are of a graph without samples, too', () => {
    const empty = graphOf(responseOf({ name: 0, file: 0, self: 0n, total: 0n, children: [] }, 1));
    expect(cameraOn(empty, 0)).toEqual({ from: 0, span: 1 });
  });
});
