// The filter of frames as chips, and a box to add to it.
import { useState } from 'preact/hooks';

import { NO_FILTER, type Filter } from '@/state/question';
import { Popover } from '@/ui/popover';

import { KINDS, partsOf, withoutPart, withPart, type FilterKind } from './filter_parts';

export function FilterChips(props: { filter: Filter; onFilter: (filter: Filter) => void }) {
  const { filter, onFilter } = props;
  const parts = partsOf(filter);
  return (
    <>
      {parts.map((part) => (
        <span key={`${part.kind} ${part.text}`} class="chip" title={KINDS[part.kind].means}>
          <span class="chip-main">
            <span class="muted">{KINDS[part.kind].name}</span> <span class="mono">{part.text}</span>
          </span>
          <button
            type="button"
            class="chip-remove"
            aria-label={`Remove ${KINDS[part.kind].name} ${part.text}`}
            onClick={() => onFilter(withoutPart(filter, part))}
          >
            ×
          </button>
        </span>
      ))}
      {parts.length > 1 && (
        <button type="button" class="add" onClick={() => onFilter(NO_FILTER)}>
          Clear filters
        </button>
      )}
      <Popover label="Add a filter of frames" class="add" button="+ Filter">
        {(close) => (
          <AddFilter
            onAdd={(kind, text) => {
              close();
              onFilter(withPart(filter, { kind, text }));
            }}
          />
        )}
      </Popover>
    </>
  );
}

function AddFilter(props: { onAdd: (kind: FilterKind, text: string) => void }) {
  const [kind, setKind] = useState<FilterKind>('keep');
  const [text, setText] = useState('');
  const { means } = KINDS[kind];
  return (
    <form
      class="add-filter"
      onSubmit={(event) => {
        event.preventDefault();
        if (text) props.onAdd(kind, text);
      }}
    >
      <label>
        Filter
        <select
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value as FilterKind)}
        >
          {(Object.keys(KINDS) as FilterKind[]).map((known) => (
            <option key={known} value={known}>
              {KINDS[known].name}
            </option>
          ))}
        </select>
      </label>
      {kind === 'maxDepth' ? (
        <label>
          Frames
          <input
            key="depth"
            type="number"
            min={1}
            max={65535}
            required
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      ) : (
        <label>
          Frame
          <input
            key="frame"
            type="text"
            class="mono"
            required
            placeholder="Database or file:includes/db"
            spellcheck={false}
            autocomplete="off"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      )}
      <p class="muted hint">
        {means}
        {kind !== 'maxDepth' &&
          ' An RE2 expression that matches anywhere in the function’s name, or, with file: in front, in its file’s.'}
      </p>
      <button type="submit">Add</button>
    </form>
  );
}
