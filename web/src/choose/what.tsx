// What is shown: profile type, labels and frames, as fields and chips or as one line of text.
import { useState } from 'preact/hooks';

import type { ListProfileTypesResponse_ProfileType as ProfileType } from '@gen/flamekeep/v1/series_pb';

import { adjust, go, question } from '@/state/page';
import { formatSelector, parseSelector, type Selector } from '@/state/selector';

import { FilterChips } from './filter_chips';
import { LabelChips } from './label_chips';
import { QueryLine } from './query_line';

export function What(props: { types: readonly ProfileType[] }) {
  const { selector: text, range, filter } = question.value;
  const [written, setWritten] = useState(false);
  const selector = parseSelector(text);
  const asText = written || (text !== '' && !selector);

  const changed = (next: Selector, further = false) =>
    (further ? adjust : go)({ selector: formatSelector(next) });
  return (
    <div class="what">
      {selector && !asText && (
        <>
          <TypeSelect
            types={props.types}
            chosen={selector.profileType}
            onType={(profileType) => changed({ ...selector, profileType })}
          />
          <LabelChips selector={selector} onSelector={changed} />
        </>
      )}
      {asText && (
        <QueryLine
          selector={text}
          range={range}
          focused={written}
          onSelector={(next) => go({ selector: next })}
        />
      )}
      <button
        type="button"
        aria-pressed={asText}
        disabled={asText && !selector}
        title="Write the selector as text"
        onClick={() => setWritten(!asText)}
      >
        Query
      </button>
      <FilterChips filter={filter} onFilter={(next) => go({ filter: next })} />
    </div>
  );
}

function TypeSelect(props: {
  types: readonly ProfileType[];
  chosen: string; // as the selector says it
  onType: (name: string) => void;
}) {
  const { types, chosen, onType } = props;
  const known = types.find(({ id, name }) => name === chosen || id === chosen);
  return (
    <select
      class="type-select"
      aria-label="Profile type"
      value={known?.name ?? chosen}
      onChange={(event) => onType(event.currentTarget.value)}
    >
      {!known && <option value={chosen}>{chosen || 'Choose a profile type'}</option>}
      {types.map(({ id, name, unit }) => (
        <option key={id} value={name}>
          {name} ({unit === 'count' ? 'samples' : unit})
        </option>
      ))}
    </select>
  );
}
