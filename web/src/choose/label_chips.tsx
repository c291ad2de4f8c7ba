// The matchers of a selector as chips: each can be changed and removed, and others added.
import { useRef, useState } from 'preact/hooks';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { choiceOf, type Matcher, type Selector } from '@/state/selector';
import { FailureBox } from '@/ui/answered';

import { LabelEditor } from './label_editor';
import { Popover } from './popover';

const SHOWN_VALUES = 3;

interface Props {
  selector: Selector;
  // `further`: one more change of the same kind, made in the same box.
  onSelector: (selector: Selector, further: boolean) => void;
}

export function LabelChips({ selector, onSelector }: Props) {
  const { matchers } = selector;
  return (
    <>
      {matchers.map((matcher, i) => (
        <span key={`${matcher.label} ${i}`} class="chip">
          <Popover
            label={`Values of ${matcher.label}`}
            class="chip-main"
            button={<MatcherText {...matcher} />}
          >
            {() => <Editor label={matcher.label} at={i} selector={selector} onSelector={onSelector} />}
          </Popover>
          <button
            type="button"
            class="chip-remove"
            aria-label={`Remove ${matcher.label}`}
            title={`Any ${matcher.label}`}
            onClick={() =>
              onSelector({ ...selector, matchers: matchers.filter((_, other) => other !== i) }, false)
            }
          >
            ×
          </button>
        </span>
      ))}
      <Popover label="Add a label" class="add" button="+ Label">
        {() => <AddLabel selector={selector} onSelector={onSelector} />}
      </Popover>
    </>
  );
}

const OPS = { '=': '=', '!=': '≠', '=~': '=~', '!~': '!~' };

function MatcherText(matcher: Matcher) {
  const choice = choiceOf(matcher);
  const values = choice?.values ?? [matcher.value];
  const op = choice ? (choice.negated ? '≠' : '=') : OPS[matcher.op];
  const shown = values.slice(0, SHOWN_VALUES).map((value) => value || '""');
  if (values.length > SHOWN_VALUES) shown.push(`${values.length - SHOWN_VALUES} more`);
  return (
    <>
      <span class="muted">{matcher.label}</span> {op} <span class="mono">{shown.join(', ')}</span>
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

function AddLabel({ selector, onSelector }: Props) {
  const [chosen, setChosen] = useState<{ label: string; at: number }>();
  const answer = useAnswer(selector.profileType, (signal) =>
    queries.listLabels({ selector: selector.profileType }, { signal }),
  );
  if (chosen) return <Editor {...chosen} selector={selector} onSelector={onSelector} />;
  if (answer.state === 'failed') return <FailureBox failure={answer.failure} again={answer.again} />;
  const labels = answer.value?.labels ?? [];
  return (
    <>
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
      {labels.length === 0 && answer.state === 'ready' && (
        <p class="muted hint">These series have no labels.</p>
      )}
    </>
  );
}
