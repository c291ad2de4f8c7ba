// The flame graph of what is selected, with the functions' table beside it where it is wanted.
import { useMemo } from 'preact/hooks';

import type { FlameGraphResponse } from '@gen/flamekeep/v1/flame_graph_pb';

import { useAnswer, type Answer } from '@/api/answer';
import { queries } from '@/api/client';
import { FlameGraph } from '@/flame/flame_graph';
import { graphOf, type Graph } from '@/flame/graph';
import { drawPng } from '@/flame/png';
import { exactly, percent, shareOf } from '@/format/numbers';
import { rangeText } from '@/format/times';
import { adjust, go, question } from '@/state/page';
import { usePicture } from '@/take/picture';
import { TrustLine } from '@/trust/trust_line';
import { Answered, Nothing } from '@/ui/answered';

import { asked } from './asked';
import './flame_view.css';
import type { Found } from './found';
import { functionMenu } from './function_menu';
import { FunctionList } from './functions_view';
import { GraphSearch } from './graph_search';
import { markedBy, useSearch, type Marked } from './use_search';

interface Drawn {
  response: FlameGraphResponse;
  graph: Graph;
  inverted: boolean;
  title: string; // of its picture
}

export function FlameView() {
  const { selector, range, inverted, beside } = question.value;
  const chosen = asked();
  const answer = useAnswer<Drawn>(
    chosen && JSON.stringify([chosen.key, inverted]),
    async (signal) => {
      const request = { selection: chosen!.selection, inverted };
      const response = await queries.flameGraph(request, { signal });
      const title = `${selector}, ${rangeText(range!)} UTC`;
      return { response, graph: graphOf(response), inverted, title };
    },
  );
  const found = useSearch(chosen ? [chosen] : []);
  const ready = answer.state === 'ready' ? answer.value : null;
  usePicture(useMemo(() => ready && pictureOf(ready), [ready]));
  return (
    <>
      <Toolbar found={found} />
      {chosen ? (
        <div class={beside ? 'flame-view beside' : 'flame-view'}>
          <div>
            <Answered answer={answer} what="the flame graph">
              {(drawn) => <Drawing drawn={drawn} matched={markedBy(found)} />}
            </Answered>
          </div>
          {beside && (
            <aside aria-label="Functions">
              <FunctionList compact />
            </aside>
          )}
        </div>
      ) : (
        <Nothing>Choose a profile type and a time to see its flame graph.</Nothing>
      )}
    </>
  );
}

function Toolbar({ found }: { found: Answer<Found> }) {
  const { inverted, beside } = question.value;
  return (
    <div class="toolbar">
      <GraphSearch found={found} />
      <button
        type="button"
        aria-pressed={inverted}
        title="Functions that ran on top, with who called them below"
        onClick={() => go({ inverted: !inverted, zoom: '' })}
      >
        Inverted
      </button>
      <button
        type="button"
        aria-pressed={beside}
        title="The functions that took most, beside the graph"
        onClick={() => go({ beside: !beside })}
      >
        Table beside
      </button>
    </div>
  );
}

function Drawing(props: { drawn: Drawn; matched: Marked }) {
  const { response, graph, inverted } = props.drawn;
  const { fn, zoom } = question.value;
  const coverage = response.coverage!;
  if (coverage.total === 0n) {
    return (
      <Nothing>There are no samples here: choose another time, or fewer labels and filters.</Nothing>
    );
  }
  return (
    <>
      <TrustLine coverage={coverage} more={cutText(response)} />
      <FlameGraph
        graph={graph}
        unit={coverage.unit}
        label={inverted ? 'Inverted flame graph' : 'Flame graph'}
        inverted={inverted}
        matched={props.matched}
        selected={fn}
        zoom={zoom}
        onZoom={(path) => go({ zoom: path })}
        onSelect={(selected) => adjust({ fn: selected })}
        menu={functionMenu}
      />
    </>
  );
}

// Null: there is nothing to draw.
function pictureOf({ response, graph, inverted, title }: Drawn) {
  const { unit, total } = response.coverage!;
  return total === 0n ? null : () => drawPng(graph, { title, unit, inverted });
}

// What the server left out of the graph; zooming does not bring it, tables have it.
function cutText({ cutNodes, cutTotal, coverage }: FlameGraphResponse): string {
  if (cutNodes === 0n) return '';
  const share = percent(shareOf(cutTotal, coverage!.total));
  return `without the ${exactly(cutNodes)} narrowest boxes, ${share} of all: “Focus on it” in a box’s menu brings those below it`;
}
