// What changed from a baseline to the selection: both sides, the merged flame graph, and the
// functions that differ.
import { useMemo } from 'preact/hooks';

import type { DiffResponse } from '@gen/flamekeep/v1/diff_pb';
import { FunctionOrder } from '@gen/flamekeep/v1/tables_pb';

import { useAnswer, type Answer } from '@/api/answer';
import { queries } from '@/api/client';
import { graphOfDiff, type Graph } from '@/flame/graph';
import { drawPng } from '@/flame/png';
import { exactly } from '@/format/numbers';
import { go, question } from '@/state/page';
import { usePicture } from '@/take/picture';
import { Answered, Nothing } from '@/ui/answered';

import { askedOf } from './asked';
import { DiffChoice } from './diff_choice';
import { DiffGraph } from './diff_graph';
import { pairOf, sameSides, titleOf, type Pair } from './diff_pair';
import { rowsOf, summaryOf } from './diff_rows';
import { DiffSides } from './diff_sides';
import { DiffTable } from './diff_table';
import './diff_view.css';
import type { Found } from './found';
import { useSearch } from './use_search';

const MOST_ROWS = 1000;
const MOST_BOXES = 50_000;

export function DiffView() {
  const { selector, range } = question.value;
  if (!selector || !range) return <Nothing>Choose a profile type and a time to compare.</Nothing>;
  const pair = pairOf(question.value);
  return (
    <>
      <DiffChoice selection={{ selector, range }} pair={pair} />
      {pair ? (
        <Difference pair={pair} />
      ) : (
        <Nothing>
          A diff tells which functions take another share of the samples than before, and whether
          that is more than noise. Choose above what to compare the selection with.
        </Nothing>
      )}
    </>
  );
}

// With what was asked: the page asks for something else already while this is still shown.
interface Drawn {
  response: DiffResponse;
  graph: Graph | undefined; // of both; of nothing where there is nothing to draw
  sort: 'self' | 'total';
  title: string; // of its picture
}

function Difference({ pair }: { pair: Pair }) {
  const { filter, sort } = question.value;
  const same = sameSides(pair);
  const chosen = askedOf(pair.selection.selector, pair.selection.range, filter);
  const baseline = askedOf(pair.baseline.selector, pair.baseline.range, filter);
  const key = JSON.stringify([chosen.key, baseline.key, sort]);
  const answer = useAnswer<Drawn>(same ? null : key, async (signal) => {
    const request = {
      baseline: baseline.selection,
      selection: chosen.selection,
      by: sort === 'total' ? FunctionOrder.TOTAL : FunctionOrder.SELF,
      tree: true,
      maxNodes: MOST_BOXES,
      limit: MOST_ROWS,
    };
    const response = await queries.diff(request, { signal });
    return { response, graph: graphIn(response), sort, title: titleOf(pair) };
  });
  const ready = answer.state === 'ready' ? answer.value : null;
  usePicture(useMemo(() => ready && pictureOf(ready), [ready]));
  const found = useSearch(same ? [] : [chosen, baseline]);
  if (same) return <Nothing>Both sides are the same: choose another time or selector for one.</Nothing>;
  return (
    <>
      <DiffSides
        pair={pair}
        baseline={answer.value?.response.baseline}
        coverage={answer.value?.response.coverage}
        stale={!ready}
      />
      <Answered answer={answer} what="the difference">
        {(drawn) => <Compared drawn={drawn} found={found} />}
      </Answered>
    </>
  );
}

// Undefined where one side has no samples, or both no stacks.
function graphIn({ tree, baseline, coverage }: DiffResponse): Graph | undefined {
  if (!baseline?.total || !coverage?.total || !tree || tree.depth.length <= 1) return undefined;
  return graphOfDiff(tree);
}

function pictureOf({ response, graph, title }: Drawn) {
  return graph ? () => drawPng(graph, { title, unit: response.coverage!.unit }) : null;
}

function Compared({ drawn, found }: { drawn: Drawn; found: Answer<Found> }) {
  const { response, graph, sort } = drawn;
  const rows = useMemo(() => rowsOf(response.functions, sort), [response, sort]);
  const unit = response.coverage?.unit ?? '';
  const summary = summaryOf(response);
  const empty = !response.baseline?.total || !response.coverage?.total;
  return (
    <>
      <p class={summary.verdict ? 'diff-summary' : 'notice'} role="status">
        {summary.text}
      </p>
      {!empty && rows.length > 0 && (
        <>
          <ValueChoice />
          <div class="diff-functions">
            <DiffTable rows={rows} unit={unit} />
          </div>
          {response.functionCount > BigInt(rows.length) && (
            <p class="muted">
              The {exactly(rows.length)} that differ most of {exactly(response.functionCount)}{' '}
              functions are listed.
            </p>
          )}
        </>
      )}
      {graph && <DiffGraph tree={response.tree!} graph={graph} unit={unit} found={found} />}
    </>
  );
}

// Which value of functions the table, and the count of those beyond noise, are about.
function ValueChoice() {
  const { sort } = question.value;
  const button = (value: 'self' | 'total', text: string, title: string) => (
    <button type="button" title={title} aria-pressed={sort === value} onClick={() => go({ sort: value })}>
      {text}
    </button>
  );
  return (
    <div class="diff-values" role="group" aria-label="Which share of functions">
      <h2>Functions by</h2>
      {button('self', 'Self share', 'Of the samples: those that end in the function')}
      {button('total', 'Total share', 'Of the samples: those with the function in their stack')}
    </div>
  );
}
