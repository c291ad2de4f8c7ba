// The views of what is selected, as links: each has an address.
import { addressOf, go, question } from '@/state/page';
import type { View } from '@/state/question';
import { TakeMenu } from '@/take/take_menu';
import { Help } from '@/ui/help';
import { ThemeButton } from '@/ui/theme_button';

const TITLES: Record<View, string> = {
  flame: 'Flame graph',
  functions: 'Functions',
  sandwich: 'Sandwich',
  diff: 'Diff',
  series: 'Over time',
  heatmap: 'Calendar',
  compare: 'Compare',
  status: 'Status',
};

export function ViewTabs() {
  const shown = question.value.view;
  return (
    <nav class="tabs" aria-label="Views">
      {(Object.keys(TITLES) as View[]).map((view) => (
        <a
          key={view}
          href={addressOf({ view })}
          aria-current={view === shown ? 'page' : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go({ view });
          }}
        >
          {TITLES[view]}
        </a>
      ))}
      <span class="tabs-gap" />
      <Help />
      <ThemeButton />
      <TakeMenu />
    </nav>
  );
}
