// Both sides of a diff, side by side: what each is, and what its answer stands on.
import type { Coverage } from '@gen/flamekeep/v1/selection_pb';

import { Timeline } from '@/choose/timeline';
import { go, question } from '@/state/page';
import { atRange, type Range } from '@/state/question';
import { TrustLine } from '@/trust/trust_line';

import { baselineOf, sideText, swapped, type Pair, type Side } from './diff_pair';

export function DiffSides(props: {
  pair: Pair;
  baseline: Coverage | undefined;
  coverage: Coverage | undefined; // of the selection
  stale: boolean; // both are of another pair
}) {
  const { pair, baseline, coverage, stale } = props;
  return (
    <div class="diff-sides">
      <DiffSide
        name="Baseline"
        side={pair.baseline}
        other={pair.selection}
        coverage={baseline}
        stale={stale}
        onRange={(range) =>
          go({ baseline: baselineOf({ ...pair.baseline, range }, pair.selection) })
        }
      />
      <button
        type="button"
        class="swap"
        title="Let the baseline be the selection, and the selection the baseline"
        onClick={() => go(swapped(pair))}
      >
        ⇄ Swap
      </button>
      <DiffSide
        name="Selection"
        side={pair.selection}
        other={pair.baseline}
        coverage={coverage}
        stale={stale}
        onRange={(range) =>
          go({ ...atRange(range), baseline: baselineOf(pair.baseline, { ...pair.selection, range }) })
        }
      />
    </div>
  );
}

function DiffSide(props: {
  name: string;
  side: Side;
  other: Side;
  coverage: Coverage | undefined;
  stale: boolean;
  onRange: (range: Range) => void;
}) {
  const { name, side, other, coverage, stale, onRange } = props;
  return (
    <section class="diff-side" aria-label={name}>
      <h2>
        {name}: <span class="diff-side-what">{sideText(side, other)}</span>
      </h2>
      <Timeline
        label={`Samples of the ${name.toLowerCase()} over time`}
        selector={side.selector}
        range={side.range}
        filter={question.value.filter}
        onRange={onRange}
      />
      <div class={stale ? 'stale' : ''}>
        <TrustLine coverage={coverage} />
      </div>
    </section>
  );
}
