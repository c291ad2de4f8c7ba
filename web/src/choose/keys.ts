// Keys of the whole page: [ and ] step through time, - takes twice as much of it.
import { useEffect } from 'preact/hooks';

import { adjust, go, question } from '@/state/page';
import { atRange, type Range } from '@/state/question';

import { shifted, zoomedOut } from './ranges';

function rangeAfter(key: string, range: Range, now: number): Range | undefined {
  switch (key) {
    case '[':
      return shifted(range, -1);
    case ']':
      return shifted(range, 1).from < now ? shifted(range, 1) : undefined;
    case '-':
      return zoomedOut(range, now);
    default:
      return undefined;
  }
}

export function useRangeKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { range, view } = question.peek();
      const typing = (event.target as Element).matches('input, textarea, select');
      // The status is that of now.
      if (!range || view === 'status' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = rangeAfter(event.key, range, Date.now());
      if (!next) return;
      event.preventDefault();
      // A key that is held is one step back.
      (event.repeat ? adjust : go)(atRange(next));
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}
