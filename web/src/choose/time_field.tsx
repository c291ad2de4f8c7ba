// A field for a moment, UTC: as text, which is exact and can be copied, and by the browser's calendar.
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { timeText } from '@/format/times';
import { formatTime, parseTime } from '@/state/question';

export function TimeField(props: {
  label: string;
  value: number;
  // Why this moment can not be taken; undefined where it can.
  fault: (time: number) => string | undefined;
  onTime: (time: number) => void;
}) {
  const { label, value, fault, onTime } = props;
  const [text, setText] = useState(timeText(value));
  const [wrong, setWrong] = useState<string>();
  const picker = useRef<HTMLInputElement>(null);
  const id = useId();

  const reset = () => {
    setText(timeText(value));
    setWrong(undefined);
  };
  useEffect(reset, [value]);

  const commit = (written: string) => {
    const time = parseTime(written);
    const why =
      time === undefined ? 'This is not a time. Write it like 2026-11-20 13:05, in UTC.' : fault(time);
    setWrong(why);
    if (time === undefined || why !== undefined) return;
    setText(timeText(time));
    if (time !== value) onTime(time);
  };

  return (
    <span class="time-field">
      <input
        type="text"
        class="mono"
        aria-label={`${label}, UTC`}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong ? id : undefined}
        spellcheck={false}
        autocomplete="off"
        size={16}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={(event) => commit(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit(event.currentTarget.value);
          if (event.key === 'Escape') reset();
        }}
      />
      <input
        ref={picker}
        class="time-picker"
        type="datetime-local"
        tabIndex={-1}
        aria-hidden="true"
        value={formatTime(value)}
        onChange={(event) => commit(event.currentTarget.value)}
      />
      <button
        type="button"
        class="calendar-button"
        aria-label={`${label}: choose from a calendar`}
        title="Choose from a calendar (UTC)"
        onClick={() => picker.current!.showPicker()}
      >
        <span aria-hidden="true">▾</span>
      </button>
      {wrong && (
        <span id={id} class="field-fault" role="alert">
          {wrong}
        </span>
      )}
    </span>
  );
}
