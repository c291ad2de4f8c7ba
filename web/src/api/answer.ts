// What a component shows while it waits for the server, and afterwards.
import { useEffect, useRef, useState } from 'preact/hooks';

import { failureOf, type CallError } from './call';

// `value` of an answer that waits or has failed is the last one, of another question: to be shown
// dimmed, if at all. What is said of the question with it must come with the value.
export type Answer<T> =
  | { state: 'waiting'; since: number; value?: T }
  | { state: 'ready'; value: T }
  | { state: 'failed'; failure: CallError; value?: T };

// Restarts are short.
const RETRY_MS = 5000;

interface Kept<T> {
  of: string | null; // key
  answer: Answer<T>;
}

// Asks whenever `key` changes, and lets go of a question whose answer nobody waits for: the server
// then stops working at it. A server that is not reached is asked again and again, and the failure
// stays meanwhile. A null key asks nothing, waits, and forgets the last answer.
export function useAnswer<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
): Answer<T> & { again: () => void } {
  const [{ of, answer }, setAnswered] = useState<Kept<T>>(() => ({
    of: key,
    answer: { state: 'waiting', since: performance.now() },
  }));
  const [attempt, setAttempt] = useState(0);
  const retrying = useRef(false);
  const asked = useRef(ask);
  asked.current = ask;
  useEffect(() => {
    const setAnswer = (next: (last: T | undefined) => Answer<T>) =>
      setAnswered((last) => ({ of: key, answer: next(last.answer.value) }));
    if (!retrying.current) setAnswer((last) => waiting(key === null ? undefined : last));
    retrying.current = false;
    if (key === null) return undefined;
    const abort = new AbortController();
    let retry = 0;
    asked.current(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setAnswer(() => ({ state: 'ready', value }));
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const failure = failureOf(error);
        setAnswer((last) => ({ state: 'failed', failure, value: last }));
        if (failure.code === 'unavailable') {
          retry = window.setTimeout(() => {
            retrying.current = true;
            setAttempt((n) => n + 1);
          }, RETRY_MS);
        }
      },
    );
    return () => {
      abort.abort();
      clearTimeout(retry);
    };
  }, [key, attempt]);
  // Of the first drawing with another key, too, which comes before the effect.
  const current = of === key ? answer : waiting(key === null ? undefined : answer.value);
  return { ...current, again: () => setAttempt((n) => n + 1) };
}

function waiting<T>(value: T | undefined): Answer<T> {
  return { state: 'waiting', since: performance.now(), value };
}
