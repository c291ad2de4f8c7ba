// What a component shows while it waits for the server, and afterwards.
import { useEffect, useRef, useState } from 'preact/hooks';

import { failureOf, type CallError } from './call';

// `value` of an answer that waits or has failed is the last one, of another question: to be shown
// dimmed, if at all.
export type Answer<T> =
  | { state: 'waiting'; since: number; value?: T }
  | { state: 'ready'; value: T }
  | { state: 'failed'; failure: CallError; value?: T };

// Asks whenever `key` changes, and lets go of a question whose answer nobody waits for: the server
// then stops working at it. A null key asks nothing and waits.
export function useAnswer<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
): Answer<T> & { again: () => void } {
  const [answer, setAnswer] = useState<Answer<T>>({ state: 'waiting', since: performance.now() });
  const [attempt, setAttempt] = useState(0);
  const asked = useRef(ask);
  asked.current = ask;
  useEffect(() => {
    setAnswer((last) => ({ state: 'waiting', since: performance.now(), value: last.value }));
    if (key === null) return undefined;
    const abort = new AbortController();
    asked.current(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setAnswer({ state: 'ready', value });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setAnswer((last) => ({ state: 'failed', failure: failureOf(error), value: last.value }));
      },
    );
    return () => abort.abort();
  }, [key, attempt]);
  return { ...answer, again: () => setAttempt((n) => n + 1) };
}
