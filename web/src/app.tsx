// The page: what, when, and the view of it.
import { useEffect, useRef, useState } from 'preact/hooks';

import { Choose } from '@/choose/choose';
import { rangeText } from '@/format/times';
import { question, unreadTimes } from '@/state/page';
import type { Question } from '@/state/question';
import { Told } from '@/ui/told';
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

// The address had times that are none: others are shown, and that is told.
function UnreadTimes() {
  const [told, setTold] = useState(unreadTimes.length === 0);
  if (told) return null;
  return (
    <div class="notice" role="alert">
      <p>
        The address has {unreadTimes.map((text) => `“${text}”`).join(' and ')} as a time, which is
        none: write 2026-11-20T13:00, or now-1h. Another range is shown.
      </p>
      <button type="button" onClick={() => setTold(true)}>
        OK
      </button>
    </div>
  );
}

export function App() {
  const shown = question.value;
  const { view } = shown;
  const title = titleOf(shown);
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = title;
  }, [title]);
  // What had the focus may be gone with its view: keys then go on from the view's begin.
  useEffect(() => {
    if (document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, [shown]);
  return (
    <>
      <a class="skip" href="#view">
        Skip to the view
      </a>
      <header class="top-bar">
        <h1 class="brand">
          <a href=".">Flamekeep</a>
        </h1>
        <Choose />
      </header>
      <ViewTabs />
      <main id="view" aria-label={view} ref={main} tabIndex={-1}>
        <UnreadTimes />
        {view === 'flame' && <FlameView />}
        {view === 'functions' && <FunctionsView />}
        {view === 'sandwich' && <SandwichView />}
        {view === 'diff' && <DiffView />}
        {view === 'series' && <SeriesView />}
        {view === 'compare' && <CompareView />}
        {view === 'status' && <StatusView />}
        {view === 'heatmap' && <HeatMapView />}
      </main>
      <Told />
    </>
  );
}
