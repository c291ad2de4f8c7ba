// Around whatever waits for the server: what was there before, dimmed, or a skeleton; how long it
// has taken; failures in the server's words.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { Answer } from '@/api/answer';
import type { CallError } from '@/api/call';

// Short work shows no progress: it would only flicker.
const QUIET_MS = 400;

export function Answered<T>(props: {
  answer: Answer<T> & { again: () => void };
  what: string; // that is waited for: "the flame graph"
  children: (value: T) => ComponentChildren;
}) {
  const { answer, what, children } = props;
  const stale = answer.state !== 'ready';
  return (
    <div class="answered" aria-busy={answer.state === 'waiting'}>
      {answer.state === 'failed' && <FailureBox failure={answer.failure} again={answer.again} />}
      {answer.state === 'waiting' && <Progress key={answer.since} since={answer.since} what={what} />}
      {answer.value === undefined ? (
        answer.state === 'waiting' && <Skeleton />
      ) : (
        <div class={stale ? 'stale' : ''}>{children(answer.value)}</div>
      )}
    </div>
  );
}

export function FailureBox(props: { failure: CallError; again?: () => void }) {
  const { failure, again } = props;
  return (
    <div class="notice failure" role="alert">
      <p>
        {failure.message}
        {again && failure.code === 'unavailable' && ' It is asked again every few seconds.'}
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

// A sentence where there is nothing to show.
export function Nothing(props: { children: ComponentChildren }) {
  return <div class="nothing">{props.children}</div>;
}

function Progress(props: { since: number; what: string }) {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setElapsed(performance.now() - props.since), 100);
    return () => clearInterval(timer);
  }, [props.since]);
  if (elapsed < QUIET_MS) return null;
  return (
    <div class="progress">
      <div class="progress-bar" />
      <span role="status">Summing up {props.what}. Choose something else to stop it.</span>{' '}
      <span aria-hidden="true">{(elapsed / 1000).toFixed(1)} s</span>
    </div>
  );
}

function Skeleton() {
  const widths = [100, 92, 61, 40, 22];
  return (
    <div class="skeleton" aria-hidden="true">
      {widths.map((width) => (
        <div key={width} style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}
