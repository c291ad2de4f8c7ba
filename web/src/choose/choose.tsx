// The head of the page: what and when.
import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { go, question } from '@/state/page';
import { atRange, type Range } from '@/state/question';
import { parseSelector } from '@/state/selector';
import { FailureBox, Nothing } from '@/ui/answered';

import './choose.css';
import { useDefaults } from './defaults';
import { useRangeKeys } from './keys';
import { RangeFields } from './range_fields';
import { Timeline } from './timeline';
import { What } from './what';

export function Choose() {
  const { selector, range } = question.value;
  const answer = useAnswer('profile types', (signal) => queries.listProfileTypes({}, { signal }));
  const types = answer.value?.profileTypes ?? [];
  useDefaults(types);
  useRangeKeys();

  if (answer.state === 'ready' && types.length === 0) return <EmptyStore again={answer.again} />;
  const choose = (next: Range) => go(atRange(next));
  return (
    <section class="choose" aria-label="What and when">
      {answer.state === 'failed' && <FailureBox failure={answer.failure} again={answer.again} />}
      <What types={types} />
      {range && <RangeFields range={range} selector={selector} onRange={choose} />}
      {range && parseSelector(selector) && (
        <Timeline range={range} selector={selector} label="Samples" onRange={choose} />
      )}
    </section>
  );
}

function EmptyStore(props: { again: () => void }) {
  return (
    <Nothing>
      <h1>This store has no samples yet</h1>
      <p>
        Let a source publish to the server: <code>docs/publishing.md</code> tells how, for PHP and
        others. Files that you have already come in with <code>flamekeep import</code>.
      </p>
      <button type="button" onClick={props.again}>
        Look again
      </button>
    </Nothing>
  );
}
