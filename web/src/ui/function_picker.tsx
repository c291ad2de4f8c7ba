// A function to look at: those that took most, or those that match what is typed.
import { useState } from 'preact/hooks';

import { FunctionOrder, type SearchResponse, type TopResponse } from '@gen/flamekeep/v1/tables_pb';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { matching } from '@/api/request';
import type { FunctionName } from '@/state/question';
import { asked } from '@/views/asked';
import { FunctionTable } from '@/views/function_table';

import { Answered, Nothing } from './answered';
import { SearchField } from './search_field';

const ROWS = 12;

export function FunctionPicker({ onPick }: { onPick: (fn: FunctionName) => void }) {
  const [search, setSearch] = useState('');
  const chosen = asked();
  const answer = useAnswer<TopResponse | SearchResponse>(
    chosen && JSON.stringify([chosen.key, search]),
    (signal) => {
      const request = { selection: chosen!.selection, by: FunctionOrder.TOTAL, limit: ROWS };
      return search
        ? queries.search({ ...request, function: matching(search) }, { signal })
        : queries.top(request, { signal });
    },
  );
  if (!chosen) return <Nothing>Choose a profile type and a time to see its functions.</Nothing>;
  return (
    <div class="function-picker">
      <div class="search-line">
        <SearchField label="Search a function" value={search} onSearch={setSearch} />
      </div>
      <Answered answer={answer} what="the functions">
        {({ rows, coverage }) =>
          rows.length === 0 ? (
            <Nothing>No function matches.</Nothing>
          ) : (
            <FunctionTable
              label="Functions to choose from"
              rows={rows}
              whole={{ unit: coverage!.unit, total: coverage!.total }}
              sorted="total"
              onPick={onPick}
            />
          )
        }
      </Answered>
    </div>
  );
}
