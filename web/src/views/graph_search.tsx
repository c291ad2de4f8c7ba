// Above a flame graph: what is searched in it, what that matched, and the way back from a zoom.
import { useMemo } from 'preact/hooks';

import type { Graph } from '@/flame/graph';
import { matchesOf, searchError } from '@/flame/search';
import { exactly, percent } from '@/format/numbers';
import { adjust, go, question } from '@/state/page';
import { SearchField } from '@/ui/search_field';

import './graph_search.css';

export function GraphSearch({ graph }: { graph: Graph | undefined }) {
  const { search, zoom } = question.value;
  const error = searchError(search);
  const told = useMemo(() => {
    const matches = graph && matchesOf(graph, search);
    return matches ? `${exactly(matches.count)} boxes, ${percent(matches.share)}` : '';
  }, [graph, search]);
  return (
    <>
      <SearchField
        label="Search functions"
        value={search}
        onSearch={(expression) => adjust({ search: expression })}
      />
      <span class={error === undefined ? 'muted' : 'search-error'} role="status">
        {error ?? told}
      </span>
      <span class="toolbar-gap" />
      {zoom !== '' && (
        <button type="button" onClick={() => go({ zoom: '' })}>
          Reset zoom
        </button>
      )}
    </>
  );
}
