// What a label has to be: some of its values, none of them, or whatever an expression matches.
import { useId, useState } from 'preact/hooks';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { exactly } from '@/format/numbers';
import {
  choiceOf,
  formatSelector,
  matcherOf,
  type MatchOp,
  type Matcher,
  type Selector,
} from '@/state/selector';
import { FailureBox } from '@/ui/answered';

// Values that are listed; the others are found by searching.
const LISTED = 200;

type Mode = 'is' | 'is not' | 'matches' | 'does not match';
const MODES: readonly Mode[] = ['is', 'is not', 'matches', 'does not match'];

function modeOf(matcher: Matcher | undefined): Mode {
  if (!matcher) return 'is';
  if (choiceOf(matcher)) return matcher.op.startsWith('!') ? 'is not' : 'is';
  return matcher.op.startsWith('!') ? 'does not match' : 'matches';
}

export function LabelEditor(props: {
  label: string;
  matcher: Matcher | undefined; // of the label; undefined: any value
  among: Selector; // whose series have the values: the rest of the selector
  onMatcher: (matcher: Matcher | undefined) => void;
}) {
  const { label, matcher, among, onMatcher } = props;
  const [mode, setMode] = useState(modeOf(matcher));
  const values = (matcher && choiceOf(matcher)?.values) ?? [];
  const ofExpression = mode === 'matches' || mode === 'does not match';

  const choose = (chosen: string[], as: Mode) =>
    onMatcher(
      chosen.length > 0 ? matcherOf(label, { values: chosen, negated: as === 'is not' }) : undefined,
    );
  return (
    <div class="label-editor">
      <label class="label-mode">
        <strong>{label}</strong>
        <select
          value={mode}
          onChange={(event) => {
            const chosen = event.currentTarget.value as Mode;
            setMode(chosen);
            if (values.length > 0 && (chosen === 'is' || chosen === 'is not')) choose(values, chosen);
          }}
        >
          {MODES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {ofExpression ? (
        <Expression
          value={matcher?.op.endsWith('~') ? matcher.value : ''}
          onValue={(value) => {
            const op: MatchOp = mode === 'matches' ? '=~' : '!~';
            onMatcher(value ? { label, op, value } : undefined);
          }}
        />
      ) : (
        <Values
          label={label}
          among={formatSelector(among)}
          chosen={values}
          onChosen={(chosen) => choose(chosen, mode)}
        />
      )}
    </div>
  );
}

function Expression(props: { value: string; onValue: (value: string) => void }) {
  const id = useId();
  return (
    <>
      <input
        type="text"
        class="mono"
        aria-label="Expression"
        aria-describedby={id}
        placeholder="index|api.*"
        spellcheck={false}
        autocomplete="off"
        defaultValue={props.value}
        onChange={(event) => props.onValue(event.currentTarget.value)}
      />
      <p id={id} class="muted hint">
        An RE2 expression that matches the whole value. Enter applies it.
      </p>
    </>
  );
}

function Values(props: {
  label: string;
  among: string;
  chosen: string[];
  onChosen: (chosen: string[]) => void;
}) {
  const { label, among, chosen, onChosen } = props;
  const [wanted, setWanted] = useState('');
  const answer = useAnswer(`${label} ${among}`, (signal) =>
    queries.listLabelValues({ label, selector: among }, { signal }),
  );
  if (answer.state === 'failed') return <FailureBox failure={answer.failure} again={answer.again} />;
  const known = answer.value?.values ?? [];
  const rows = [
    ...chosen
      .filter((value) => !known.some((other) => other.value === value))
      .map((value) => ({ value, series: 0n })),
    ...known,
  ].filter(({ value }) => value.toLowerCase().includes(wanted.toLowerCase()));
  const toggle = (value: string) =>
    onChosen(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  return (
    <>
      <input
        type="search"
        aria-label={`Search the values of ${label}`}
        placeholder="Search values"
        spellcheck={false}
        autocomplete="off"
        value={wanted}
        onInput={(event) => setWanted(event.currentTarget.value)}
      />
      <ul class="label-values" aria-label={`Values of ${label}`}>
        {rows.slice(0, LISTED).map(({ value, series }) => (
          <li key={value}>
            <label title={`${exactly(series)} series`}>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={() => toggle(value)}
              />
              <span class="mono">{value || '(empty)'}</span>
            </label>
            <button type="button" aria-label={`Only ${value}`} onClick={() => onChosen([value])}>
              only
            </button>
          </li>
        ))}
      </ul>
      {rows.length > LISTED && (
        <p class="muted hint">{exactly(rows.length - LISTED)} more: search for them.</p>
      )}
      {rows.length === 0 && answer.state === 'ready' && <p class="muted hint">No such value.</p>}
      {(answer.value?.leftOut ?? 0n) > 0n && (
        <p class="muted hint">
          {exactly(answer.value!.leftOut)} more values are not listed: write an expression.
        </p>
      )}
    </>
  );
}
