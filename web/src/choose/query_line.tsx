// The whole selector as text, for those who write it faster than they choose.
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { failureOf } from '@/api/call';
import { queries } from '@/api/client';
import { selection } from '@/api/request';
import { MINUTE } from '@/format/times';
import type { Range } from '@/state/question';

export function QueryLine(props: {
  selector: string;
  range: Range | null;
  focused: boolean; // from the start
  onSelector: (selector: string) => void;
}) {
  const { selector, range, focused, onSelector } = props;
  const [text, setText] = useState(selector);
  const [wrong, setWrong] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const asking = useRef<AbortController>();
  const id = useId();
  useEffect(() => {
    setText(selector);
    setWrong(undefined);
  }, [selector]);
  useEffect(() => {
    if (focused) input.current?.select();
  }, [focused]);
  useEffect(() => () => asking.current?.abort(), []);

  // The server says what is wrong before anything is left that was right.
  const apply = async () => {
    asking.current?.abort();
    const abort = new AbortController();
    asking.current = abort;
    try {
      const looked = range ?? { from: 0, to: MINUTE };
      const { series } = await queries.explain(
        { selection: selection(text, looked) },
        { signal: abort.signal },
      );
      if (series === 0n) setWrong('No series match this: look at the values of the labels.');
      else onSelector(text.trim());
    } catch (error) {
      if (!abort.signal.aborted) setWrong(failureOf(error).message);
    }
  };

  return (
    <form
      class="query-line"
      onSubmit={(event) => {
        event.preventDefault();
        void apply();
      }}
    >
      <input
        ref={input}
        type="text"
        class="mono"
        aria-label="Query"
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong ? id : undefined}
        placeholder={'excimer-wall{site="eqiad",entry_point=~"index|api"}'}
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => {
          asking.current?.abort();
          setText(event.currentTarget.value);
          setWrong(undefined);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText(selector);
        }}
      />
      <button type="submit" disabled={text.trim() === ''}>
        Apply
      </button>
      {wrong && (
        <p id={id} class="field-fault" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}
