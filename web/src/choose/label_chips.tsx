// The matchers of a selector as chips: each can be changed and removed, and others added.
import { useRef, useState } from 'preact/hooks';

import type { ListLabelsResponse_Name as LabelName } from '@gen/flamekeep/v1/series_pb';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { choiceOf, type Matcher, type Selector } from '@/state/selector';
import { FailureBox } from '@/ui/answered';
import { Popover } from '@/ui/popover';

import { chipsOf } from './chips';
import { LabelEditor } from './label_editor';

const SHOWN_VALUES = 3;

interface Props {
  selector: Selector;
  // `further`: one more change of the same kind, made in the same box.
  onSelector: (selector: Selector, further: boolean) => void;
}

export function LabelChips({ selector, onSelector }: Props) {
  const { matchers, profileType } = selector;
  const answer = useAnswer(profileType, (signal) =>
    queries.listLabels({ selector: profileType }, { signal }),
  );
  const labels = answer.value?.labels ?? [];
  return (
    <>
      {chipsOf(matchers, labels).map(({ label, nth, at }) => (
        <span key={`${label} ${nth}`} class={at < matchers.length ? 'chip' : 'chip unsaid'}>
          <Popover
            label={`Values of ${label}`}
            class="chip-main"
            button={<MatcherText label={label} matcher={matchers[at]} />}
          >
            {() => <Editor label={label} at={at} selector={selector} onSelector={onSelector} />}
          </Popover>
          {at < matchers.length && (
            <button
              type="button"
              class="chip-remove"
              aria-label={`Remove ${label}`}
              title={`Any ${label}`}
              onClick={() =>
                onSelector({ ...selector, matchers: matchers.toSpliced(at, 1) }, false)
              }
            >
              ×
            </button>
          )}
        </span>
      ))}
      <Popover label="Add a label" class="add" button="+ Label">
        {() => <AddLabel labels={labels} selector={selector} onSelector={onSelector} />}
      </Popover>
      {answer.state === 'failed' && <FailureBox failure={answer.failure} again={answer.again} />}
    </>
  );
}

function MatcherText({ label, matcher }: { label: string; matcher: Matcher | undefined }) {
  if (!matcher) return <>{label}: any</>;
  const choice = choiceOf(matcher);
  const values = choice?.values ?? [matcher.value];
  const op = choice ? (choice.negated ? '≠' : '=') : matcher.op;
  const shown = values.slice(0, SHOWN_VALUES).map((value) => value || '""');
  if (values.length > SHOWN_VALUES) shown.push(`${values.length - SHOWN_VALUES} more`);
  return (
    <>
      <span class="muted">{label}</span> {op} <span class="mono">{shown.join(', ')}</span>
    </>
  );
}

// Of the matcher at this place, or of one that is still to be added behind the others.
function Editor(props: Props & { label: string; at: number }) {
  const { label, at, selector, onSelector } = props;
  const changed = useRef(false);
  const others = selector.matchers.filter((_, i) => i !== at);
  return (
    <LabelEditor
      label={label}
      matcher={selector.matchers[at]}
      among={{ ...selector, matchers: others.filter((other) => other.label !== label) }}
      onMatcher={(matcher) => {
        const matchers = [...others];
        if (matcher) matchers.splice(at, 0, matcher);
        onSelector({ ...selector, matchers }, changed.current);
        changed.current = true;
      }}
    />
  );
}

function AddLabel(props: Props & { labels: readonly LabelName[] }) {
  const { labels, selector, onSelector } = props;
  const [chosen, setChosen] = useState<{ label: string; at: number }>();
  if (chosen) return <Editor {...chosen} selector={selector} onSelector={onSelector} />;
  if (labels.length === 0) return <p class="muted hint">These series have no labels.</p>;
  return (
    <ul class="label-names">
      {labels.map(({ name, values }) => (
        <li key={name}>
          <button
            type="button"
            onClick={() => setChosen({ label: name, at: selector.matchers.length })}
          >
            {name} <span class="muted">{values === 1n ? '1 value' : `${values} values`}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
