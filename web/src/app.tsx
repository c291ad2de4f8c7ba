// The page: what, when, and the view of it.
import { Choose } from '@/choose/choose';
import { question } from '@/state/page';
import { CompareView } from '@/views/compare_view';
import { DiffView } from '@/views/diff_view';
import { FlameView } from '@/views/flame_view';
import { FunctionsView } from '@/views/functions_view';
import { HeatMapView } from '@/views/heatmap_view';
import { SandwichView } from '@/views/sandwich_view';
import { SeriesView } from '@/views/series_view';
import { StatusView } from '@/views/status_view';

import { ViewTabs } from './views/view_tabs';

export function App() {
  const { view } = question.value;
  return (
    <>
      <header class="top-bar">
        <a class="brand" href=".">
          Flamekeep
        </a>
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
