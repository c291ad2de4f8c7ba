// The question of this page, kept in its address. Everything that the page shows follows from it:
// to change what is shown, change the question.
import { signal, type ReadonlySignal } from '@preact/signals';

import { formatQuestion, parseQuestion, type Question } from './question';
import { withFixedTimes } from './relative_times';

const opened = withFixedTimes(globalThis.location.search, Date.now());
const current = signal(parseQuestion(opened.search));

// Times of the address that the page was opened with and that can not be read.
export const unreadTimes: readonly string[] = opened.unread;

globalThis.addEventListener('popstate', () => {
  current.value = parseQuestion(globalThis.location.search);
});

export const question: ReadonlySignal<Question> = current;

// Where times were relative they are fixed from here on.
adjust({});

// The address of the page with this change.
export function addressOf(change: Partial<Question>): string {
  return globalThis.location.pathname + formatQuestion({ ...current.value, ...change });
}

// A step that "back" takes back.
export function go(change: Partial<Question>): void {
  move(change, 'push');
}

// One that it does not: corrections, and every letter while somebody types.
export function adjust(change: Partial<Question>): void {
  move(change, 'replace');
}

function move(change: Partial<Question>, how: 'push' | 'replace'): void {
  const next = { ...current.value, ...change };
  const address = globalThis.location.pathname + formatQuestion(next);
  const unchanged = address === globalThis.location.pathname + globalThis.location.search;
  if (how === 'push' && !unchanged) globalThis.history.pushState(null, '', address);
  else globalThis.history.replaceState(null, '', address);
  current.value = next;
}
