// A diff of two values of a label: version against version, entry point against entry point.
import { useState } from 'preact/hooks';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { formatSelector, narrowed, parseSelector } from '@/state/selector';
import { FailureBox } from '@/ui/answered';

// Any value of the label, and no other matcher lost.
function withoutLabel(text: string, label: string): string {
  const selector = parseSelector(text);
  if (!selector) return text;
  return formatSelector({
    ...selector,
    matchers: selector.matchers.filter((matcher) => matcher.label !== label),
  });
}

// The one value that a selector has of a label; empty where it does not say one.
function valueIn(text: string, label: string): string {
  const found = parseSelector(text)?.matchers.find((matcher) => matcher.label === label);
  return found?.op === '=' ? found.value : '';
}

export function LabelForm(props: {
  selector: string; // of the selection
  baseline: string; // selector
  compare: (baseline: string, selection: string) => void;
}) {
  const { selector, baseline, compare } = props;
  const [chosen, setChosen] = useState('');
  const type = formatSelector({
    profileType: parseSelector(selector)?.profileType ?? '',
    matchers: [],
  });
  const labels = useAnswer(type, async (signal) =>
    (await queries.listLabels({ selector: type }, { signal })).labels
      .filter(({ values }) => values > 1n)
      .map(({ name }) => name),
  );
  if (labels.state === 'failed') return <FailureBox failure={labels.failure} again={labels.again} />;
  const names = labels.value;
  if (!names) return <span class="muted">Asking for labels…</span>;
  if (names.length === 0) return <span>No label of this profile type has two values.</span>;
  const differing = names.find((name) => valueIn(selector, name) !== valueIn(baseline, name));
  const label = chosen || (differing ?? names[0]);
  return (
    <>
      <label>
        Values of{' '}
        <select value={label} onChange={(event) => setChosen(event.currentTarget.value)}>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <Values key={label} {...{ label, selector, baseline, compare }} />
    </>
  );
}

function Values(props: {
  label: string;
  selector: string;
  baseline: string;
  compare: (baseline: string, selection: string) => void;
}) {
  const { label, selector, baseline, compare } = props;
  const [before, setBefore] = useState(valueIn(baseline, label));
  const [after, setAfter] = useState(valueIn(selector, label));
  const among = withoutLabel(selector, label);
  const answer = useAnswer(JSON.stringify([among, label]), async (signal) =>
    (await queries.listLabelValues({ selector: among, label }, { signal })).values.map(
      ({ value }) => value,
    ),
  );
  if (answer.state === 'failed') return <FailureBox failure={answer.failure} again={answer.again} />;
  const values = answer.value ?? [];
  const select = (text: string, value: string, choose: (value: string) => void) => (
    <label>
      {text}{' '}
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">(choose)</option>
        {values.map((known) => (
          <option key={known}>{known}</option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      {select('Baseline', before, setBefore)}
      {select('Selection', after, setAfter)}
      <button
        type="button"
        disabled={!before || !after || before === after}
        onClick={() => compare(narrowed(selector, label, before), narrowed(selector, label, after))}
      >
        Compare
      </button>
    </>
  );
}
