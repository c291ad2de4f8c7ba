// The flame graph alone on a page, with 100,000 boxes, and what the benchmark measures in it.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { render } from 'preact';

import { FlameGraphResponseSchema } from '@gen/flamekeep/v1/flame_graph_pb';

import { FlameGraph } from '@/flame/flame_graph';
import { graphOf, type Graph } from '@/flame/graph';
import { pathId } from '@/flame/path_id';
import { randomNumbers, randomTree, responseOf } from '@/flame/random_tree';
import '@/styles/page.css';

const SHAPE = { boxes: 100_000, names: 5000, deepest: 60 };

export interface Opened {
  bytes: number;
  decode: number; // milliseconds, as the others
  model: number;
  draw: number; // from the model to the first picture
}

export interface Harness {
  open: () => Promise<Opened>;
  zoomTo: (box: number) => void;
  boxesToZoom: () => number[];
  // Milliseconds between the frames while `wait` lasts.
  frames: (wait: number) => Promise<number[]>;
}

declare global {
  var harness: Harness;
}

let graph: Graph;
const bytes = toBinary(
  FlameGraphResponseSchema,
  responseOf(randomTree(randomNumbers(1), SHAPE), SHAPE.names),
);

const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));

function show(zoom: string): void {
  render(
    <FlameGraph
      graph={graph}
      unit="samples"
      label="Benchmark"
      matched={null}
      selected={null}
      zoom={zoom}
      onZoom={show}
      onSelect={() => undefined}
      menu={() => []}
    />,
    document.getElementById('page')!,
  );
}

globalThis.harness = {
  async open() {
    render(null, document.getElementById('page')!);
    await nextFrame();
    const began = performance.now();
    const response = fromBinary(FlameGraphResponseSchema, bytes);
    const decoded = performance.now();
    graph = graphOf(response);
    const modelled = performance.now();
    show('');
    await nextFrame(); // draws
    await nextFrame(); // has drawn
    return {
      bytes: bytes.length,
      decode: decoded - began,
      model: modelled - decoded,
      draw: performance.now() - modelled,
    };
  },

  zoomTo: (box) => show(pathId(graph, box)),

  // In turn a wide box and one deep below it.
  boxesToZoom() {
    const chosen: number[] = [];
    for (let depth = 2; depth <= 20; depth += 3) {
      let widest = 0;
      graph.depth.forEach((at, box) => {
        if (at === depth && (widest === 0 || graph.total[box] > graph.total[widest])) widest = box;
      });
      chosen.push(widest);
    }
    return chosen;
  },

  async frames(wait) {
    const deltas: number[] = [];
    const end = performance.now() + wait;
    let last = await nextFrame();
    while (performance.now() < end) {
      const now = await nextFrame();
      deltas.push(now - last);
      last = now;
    }
    return deltas;
  },
};
document.title = 'ready';
