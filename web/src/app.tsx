// The page: what, when, and the view of it.
import { useEffect } from 'preact/hooks';

import { Choose } from '@/choose/choose';
import { rangeText } from '@/format/times';
import { question } from '@/state/page';
import type { Question } from '@/state/question';
import { CompareView } from '@/views/compare_view';
import { DiffView } from '@/views/diff_view';
import { FlameView } from '@/views/flame_view';
import { FunctionsView } from '@/views/functions_view';
import { HeatMapView } from '@/views/heatmap_view';
import { SandwichView } from '@/views/sandwich_view';
import { SeriesView } from '@/views/series_view';
import { StatusView } from '@/views/status_view';

import { ViewTabs } from './views/view_tabs';

// For tabs and bookmarks of the browser.
function titleOf({ view, selector, range }: Question): string {
  const what = view === 'status' ? 'Status' : selector;
  const when = view !== 'status' && range ? `${rangeText(range)} UTC` : '';
  return [what, when, 'Flamekeep'].filter(Boolean).join(' · ');
}

export function App() {
  const { view } = question.value;
  const title = titleOf(question.value);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <header class="top-bar">
        <h1 class="brand">
          <a href=".">Flamekeep</a>
        </h1>
        <Choose />
      </header>
      <ViewTabs />
      <main id="view" aria-label={view}>
        {view === 'flame' && <FlameView />}
        {view === 'functions' && <FunctionsView />}
        {view === 'sandwich' && <SandwichView />}
        {view === 'diff' && <DiffView />}
        {view === 'series' && <SeriesView />}
        {view === 'compare' && <CompareView />}
        {view === 'status' && <StatusView />}
        {view === 'heatmap' && <HeatMapView />}
      </main>
    </>
  );
}
