// The functions that took most, or those that match the search.
import { useState } from 'preact/hooks';

import { FunctionOrder, type SearchResponse, type TopResponse } from '@gen/flamekeep/v1/tables_pb';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { matching } from '@/api/request';
import { exactly, percent, shareOf } from '@/format/numbers';
import { adjust, go, question } from '@/state/page';
import { TrustLine } from '@/trust/trust_line';
import { Answered, Nothing } from '@/ui/answered';
import { SearchField } from '@/ui/search_field';

import { asked } from './asked';
import { FunctionTable } from './function_table';
import { exactText, type Whole } from './measure';

const FIRST_ROWS = 200;
const MOST_ROWS = 100_000; // of the server

export function FunctionsView() {
  return (
    <>
      <div class="search-line">
        <SearchField
          label="Search functions"
          value={question.value.search}
          onSearch={(search) => adjust({ search })}
        />
      </div>
      <FunctionList />
    </>
  );
}

// Without the field to search in: beside the flame graph the page has one.
export function FunctionList({ compact }: { compact?: boolean }) {
  const { search, sort } = question.value;
  const chosen = asked();
  const [limit, setLimit] = useState(FIRST_ROWS);
  const answer = useAnswer<TopResponse | SearchResponse>(
    chosen && JSON.stringify([chosen.key, search, sort, limit]),
    (signal) => {
      const by = sort === 'total' ? FunctionOrder.TOTAL : FunctionOrder.SELF;
      const request = { selection: chosen!.selection, by, limit };
      return search
        ? queries.search({ ...request, function: matching(search) }, { signal })
        : queries.top(request, { signal });
    },
  );
  if (!chosen) return <Nothing>Choose a profile type and a time to see its functions.</Nothing>;
  return (
    <Answered answer={answer} what="the functions">
      {(found) => (
        <>
          <Found found={found} compact={compact} />
          {found.rowsLeftOut > 0n && limit < MOST_ROWS && (
            <div class="function-list-foot">
              <button type="button" onClick={() => setLimit(Math.min(MOST_ROWS, 2 * limit))}>
                Show more
              </button>
              <p>{leftOutText(found)}</p>
            </div>
          )}
        </>
      )}
    </Answered>
  );
}

// Beside the flame graph (compact) what it stands on is said there.
function Found(props: { found: TopResponse | SearchResponse; compact?: boolean }) {
  const { found, compact } = props;
  const whole = wholeOf(found);
  const summary = summaryText(found);
  return (
    <>
      {compact ? (
        <p class="muted">{summary}</p>
      ) : (
        <TrustLine coverage={found.coverage} more={summary} />
      )}
      {found.rows.length === 0 ? (
        <Nothing>
          {whole.total === 0n
            ? 'There are no samples here: choose another time, or fewer labels and filters.'
            : 'No function matches the search.'}
        </Nothing>
      ) : (
        <FunctionTable
          label="Functions"
          rows={found.rows}
          whole={whole}
          compact={compact}
          sorted={question.value.sort}
          onSort={(sort) => go({ sort })}
        />
      )}
    </>
  );
}

function wholeOf({ coverage }: TopResponse | SearchResponse): Whole {
  return { unit: coverage!.unit, total: coverage!.total };
}

function summaryText(found: TopResponse | SearchResponse): string {
  const whole = wholeOf(found);
  const count = BigInt(found.rows.length) + found.rowsLeftOut;
  const functions = `${exactly(count)} ${count === 1n ? 'function' : 'functions'}`;
  if (found.$typeName === 'flamekeep.v1.TopResponse') return functions;
  const any = `${percent(found.matchedShare)} (${exactText(found.matchedTotal, whole.unit)})`;
  return `${functions} ${count === 1n ? 'matches' : 'match'}; samples with any of them: ${any}`;
}

function leftOutText(found: TopResponse | SearchResponse): string {
  const whole = wholeOf(found);
  const functions = found.rowsLeftOut === 1n ? 'function' : 'functions';
  const share = percent(shareOf(found.selfLeftOut, whole.total));
  const self = exactText(found.selfLeftOut, whole.unit);
  return `${exactly(found.rowsLeftOut)} more ${functions}, with ${self} (${share}) by themselves`;
}
