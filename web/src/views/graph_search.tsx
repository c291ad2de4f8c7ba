// Above a flame graph: what is searched in it, what that found, and the way back from a zoom.
import type { Answer } from '@/api/answer';
import { adjust, go, question } from '@/state/page';
import { SearchField } from '@/ui/search_field';

import { foundText, foundTitle, type Found } from './found';
import './graph_search.css';

export function GraphSearch({ found }: { found: Answer<Found> }) {
  const { search, zoom } = question.value;
  return (
    <>
      <SearchField
        label="Search functions"
        value={search}
        onSearch={(expression) => adjust({ search: expression })}
      />
      <SearchTold found={found} />
      <span class="toolbar-gap" />
      {zoom !== '' && (
        <button type="button" onClick={() => go({ zoom: '' })}>
          Reset zoom
        </button>
      )}
    </>
  );
}

// What was found, or why nothing was.
export function SearchTold({ found }: { found: Answer<Found> }) {
  const searching = question.value.search !== '' && found.state === 'waiting';
  const ready = found.state === 'ready' ? found.value : undefined;
  return (
    <span
      class={found.state === 'failed' ? 'search-error' : 'muted'}
      role="status"
      title={ready && foundTitle(ready)}
    >
      {searching && 'Searching…'}
      {ready && foundText(ready)}
      {found.state === 'failed' && found.failure.message}
    </span>
  );
}
