// What the selection is compared with: spans before it, another value of a label, or whatever is
// written.
import { useState } from 'preact/hooks';

import { RangeFields } from '@/choose/range_fields';
import { go } from '@/state/page';

import { baselineOf, earlierRanges, type Pair, type Side } from './diff_pair';
import './diff_choice.css';
import { LabelForm } from './label_form';

export function DiffChoice({ selection, pair }: { selection: Side; pair: Pair | null }) {
  const [open, setOpen] = useState<'label' | 'written' | null>(null);
  const before = pair?.baseline.range;
  const sameSelector = pair?.baseline.selector === selection.selector;
  const compare = (baseline: Side) => go({ baseline: baselineOf(baseline, selection), zoom: '' });
  const disclosure = (form: 'label' | 'written') => ({
    'aria-expanded': open === form,
    onClick: () => setOpen(open === form ? null : form),
  });
  return (
    <section class="diff-choice" aria-label="What to compare with">
      <span>{pair ? 'Compare with' : 'Compare the selection with'}</span>
      {earlierRanges(selection.range).map(({ text, range }) => (
        <button
          key={text}
          type="button"
          aria-pressed={sameSelector && before?.from === range.from && before.to === range.to}
          onClick={() => compare({ selector: selection.selector, range })}
        >
          {text}
        </button>
      ))}
      <button type="button" {...disclosure('label')}>
        Values of a label…
      </button>
      <button type="button" {...disclosure('written')}>
        Something else…
      </button>
      {open === 'label' && (
        <div class="baseline-fields">
          <LabelForm
            selector={selection.selector}
            baseline={pair?.baseline.selector ?? selection.selector}
            compare={(before, selector) => {
              const { range } = selection;
              const baseline = baselineOf({ selector: before, range }, { selector, range });
              go({ selector, baseline, zoom: '' });
            }}
          />
        </div>
      )}
      {open === 'written' && (
        <BaselineFields baseline={pair?.baseline ?? selection} compare={compare} />
      )}
    </section>
  );
}

// Whatever else a baseline may be: each field counts as soon as it is left.
function BaselineFields(props: { baseline: Side; compare: (baseline: Side) => void }) {
  const { baseline, compare } = props;
  return (
    <div class="baseline-fields">
      <label>
        Baseline
        <input
          class="mono"
          value={baseline.selector}
          spellcheck={false}
          autocomplete="off"
          onChange={(event) => {
            const selector = event.currentTarget.value.trim() || baseline.selector;
            compare({ ...baseline, selector });
          }}
        />
      </label>
      <RangeFields
        range={baseline.range}
        selector={baseline.selector}
        onRange={(range) => compare({ ...baseline, range })}
      />
    </div>
  );
}
