// One function between those that call it and those that it calls.
import { useState } from 'preact/hooks';

import type { SandwichResponse } from '@gen/flamekeep/v1/tables_pb';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { exactly } from '@/api/request';
import { FlameGraph } from '@/flame/flame_graph';
import { graphOf, type Graph } from '@/flame/graph';
import { percent, shareOf, withUnit } from '@/format/numbers';
import { adjust, go, question } from '@/state/page';
import type { FunctionName } from '@/state/question';
import { TrustLine } from '@/trust/trust_line';
import { Answered, Nothing } from '@/ui/answered';
import { FunctionPicker } from '@/ui/function_picker';
import { SearchField } from '@/ui/search_field';
import { Table } from '@/ui/table';

import { asked } from './asked';
import { functionMenu } from './function_menu';
import { FunctionCell, nameOf } from './function_table';
import { SearchTold } from './graph_search';
import { exactText, Measure, type Whole } from './measure';
import { alone, neighbours } from './neighbours';
import './sandwich_view.css';
import { markedBy, useSearch, type Marked } from './use_search';

export function SandwichView() {
  const { fn } = question.value;
  if (!fn) return <NothingChosen />;
  return <Sandwich key={`${fn.file}\n${fn.name}`} fn={fn} />;
}

function NothingChosen() {
  return (
    <>
      <h2 class="sandwich-title">Sandwich</h2>
      <p class="muted">
        Who calls a function, and what it calls, merged over all stacks that hold it. Choose one:
      </p>
      <FunctionPicker onPick={(fn) => go({ fn })} />
    </>
  );
}

interface Halves {
  response: SandwichResponse;
  callers: Graph;
  callees: Graph;
}

function Sandwich({ fn }: { fn: FunctionName }) {
  const { search } = question.value;
  const chosen = asked();
  const found = useSearch(chosen ? [chosen] : []);
  const answer = useAnswer<Halves>(chosen?.key ?? null, async (signal) => {
    const response = await queries.sandwich(
      { selection: chosen!.selection, function: exactly(fn) },
      { signal },
    );
    return { response, callers: graphOf(response.callers!), callees: graphOf(response.callees!) };
  });
  return (
    <>
      <div class="sandwich-head">
        <h2>
          <bdi>{fn.name}</bdi>
        </h2>
        {fn.file && <bdi class="muted">{fn.file}</bdi>}
        <button type="button" onClick={() => go({ fn: null })}>
          Another function
        </button>
        <SearchField
          label="Search callers and callees"
          value={search}
          onSearch={(expression) => adjust({ search: expression })}
        />
        <SearchTold found={found} />
      </div>
      {chosen ? (
        <Answered answer={answer} what="callers and callees">
          {(halves) => <HalvesView halves={halves} matched={markedBy(found)} />}
        </Answered>
      ) : (
        <Nothing>Choose a profile type and a time to see who calls it.</Nothing>
      )}
    </>
  );
}

function HalvesView(props: { halves: Halves; matched: Marked }) {
  const { response, callers, callees } = props.halves;
  const { total, self, coverage } = response;
  const all: Whole = { unit: coverage!.unit, total: coverage!.total };
  if (total === 0n) {
    return (
      <>
        <TrustLine coverage={coverage} />
        <Nothing>No sample here holds this function: choose another time or function.</Nothing>
      </>
    );
  }
  const own: Whole = { unit: all.unit, total };
  return (
    <>
      <p class="sandwich-shares">
        <Figure value={total} whole={all} /> of all samples hold it,{' '}
        <Figure value={self} whole={all} /> end in it.
      </p>
      <TrustLine coverage={coverage} />
      <Half
        title="Callers"
        graph={callers}
        matched={props.matched}
        whole={own}
        inverted
        lonely="has no caller: it is the first frame there."
      />
      <Half
        title="Callees"
        graph={callees}
        matched={props.matched}
        whole={own}
        lonely="ends in it, without a further call."
      />
    </>
  );
}

function Half(props: {
  title: 'Callers' | 'Callees';
  graph: Graph;
  matched: Marked;
  whole: Whole;
  inverted?: boolean;
  lonely: string; // said of the share that has no neighbour on this side
}) {
  const { title, graph, matched, whole, inverted, lonely } = props;
  const withoutNeighbour = alone(graph);
  const { fn } = question.value;
  const [zoom, setZoom] = useState('');
  return (
    <details class="sandwich-half" open>
      <summary>
        <h3>{title}</h3>
      </summary>
      <div class="sandwich-columns">
        <FlameGraph
          graph={graph}
          unit={whole.unit}
          label={`${title} of ${fn?.name ?? ''}`}
          inverted={inverted}
          matched={matched}
          selected={fn}
          zoom={zoom}
          onZoom={setZoom}
          // A click zooms here, and does not walk away from the function: the tables do.
          onSelect={() => undefined}
          menu={functionMenu}
        />
        <div class="sandwich-neighbours">
          <Neighbours title={title} graph={graph} whole={whole} />
          {withoutNeighbour > 0n && (
            <p class="muted">
              <Figure value={withoutNeighbour} whole={whole} /> {lonely}
            </p>
          )}
        </div>
      </div>
    </details>
  );
}

// A click walks to the function.
function Neighbours(props: { title: string; graph: Graph; whole: Whole }) {
  const { title, graph, whole } = props;
  const rows = neighbours(graph);
  if (rows.length === 0) return null;
  return (
    <Table
      label={`Direct ${title.toLowerCase()}`}
      columns={[
        {
          id: 'function',
          header: `Direct ${title.toLowerCase()}`,
          render: (row) => <FunctionCell row={row} />,
        },
        {
          id: 'total',
          header: 'Of this function',
          title: 'Samples of the function with this neighbour, and their share of it',
          width: '140px',
          align: 'right',
          render: (row) => <Measure value={row.total} whole={whole} widest={whole.total} />,
        },
      ]}
      rows={rows}
      keyOf={(row) => `${row.file}\n${row.function}`}
      onChoose={(row) => go({ fn: nameOf(row) })}
      menu={(row) => functionMenu(nameOf(row))}
    />
  );
}

function Figure({ value, whole }: { value: bigint; whole: Whole }) {
  return (
    <span title={exactText(value, whole.unit)}>
      <b>{percent(shareOf(value, whole.total))}</b> ({withUnit(value, whole.unit)})
    </span>
  );
}
