// Both flame graphs of a diff merged into one.
import type { DiffResponse_Tree } from '@gen/flamekeep/v1/diff_pb';

import type { Answer } from '@/api/answer';
import { FlameGraph } from '@/flame/flame_graph';
import type { Graph } from '@/flame/graph';
import { differenceShade } from '@/flame/palette';
import { usePalette } from '@/flame/theme';
import { percent, shareOf } from '@/format/numbers';
import { adjust, go, question } from '@/state/page';

import type { Found } from './found';
import { functionMenu } from './function_menu';
import { GraphSearch } from './graph_search';
import { markedBy } from './use_search';

export function DiffGraph(props: {
  tree: DiffResponse_Tree;
  graph: Graph; // of the tree
  unit: string;
  found: Answer<Found>;
}) {
  const { tree, graph, unit, found } = props;
  const { fn, zoom } = question.value;
  return (
    <section aria-label="Flame graph of the difference">
      <div class="toolbar diff-toolbar">
        <GraphSearch found={found} />
      </div>
      <DiffKey more={cutText(tree)} />
      <FlameGraph
        graph={graph}
        unit={unit}
        label="Flame graph of the difference"
        matched={markedBy(found)}
        selected={fn}
        zoom={zoom}
        onZoom={(path) => go({ zoom: path })}
        onSelect={(selected) => adjust({ fn: selected })}
        menu={functionMenu}
      />
    </section>
  );
}

function DiffKey({ more }: { more: string }) {
  const { fill } = usePalette();
  const swatch = (difference: number, beyondNoise: boolean) => (
    <span class="swatch" style={{ background: fill[differenceShade(difference, beyondNoise)] }} />
  );
  return (
    <p class="muted diff-key">
      {swatch(-0.05, true)}shrank {swatch(0.05, true)}grew {swatch(0, false)}within noise, or too few
      samples to tell. Boxes are as wide as the mean of both shares. {more}
    </p>
  );
}

// What drawing left out; the table has it.
function cutText({ baselineCutTotal, cutTotal, baselineTotal, total }: DiffResponse_Tree): string {
  const share = Math.max(shareOf(baselineCutTotal, baselineTotal[0]), shareOf(cutTotal, total[0]));
  return share === 0 ? '' : `What is too narrow to draw holds ${percent(share)}.`;
}
