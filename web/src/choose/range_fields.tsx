// When: exact times, spans that end now, and steps back and forth.
import { duration } from '@/format/moments';
import { HOUR, SECOND, timeText } from '@/format/times';
import type { Range } from '@/state/question';

import { lastOf, lengthOf, shifted, SHORTCUTS, zoomedOut } from './ranges';
import { TimeField } from './time_field';
import { useExtent } from './use_extent';

export function RangeFields(props: {
  range: Range;
  selector: string; // "all" means the samples of its profile type
  onRange: (range: Range) => void;
}) {
  const { range, selector, onRange } = props;
  const extent = useExtent(selector).value ?? null;
  const now = Date.now();
  const next = shifted(range, 1);
  const length = duration(lengthOf(range) / SECOND);
  return (
    <div class="range-fields">
      <div class="field-group">
        <TimeField
          label="From"
          value={range.from}
          fault={(time) =>
            time < range.to ? undefined : `The range ends at ${timeText(range.to)}: begin before.`
          }
          onTime={(from) => onRange({ ...range, from })}
        />
        <span class="muted" aria-hidden="true">
          –
        </span>
        <TimeField
          label="To"
          value={range.to}
          fault={(time) =>
            time > range.from ? undefined : `The range begins at ${timeText(range.from)}: end later.`
          }
          onTime={(to) => onRange({ ...range, to })}
        />
        <span class="muted range-length">UTC · {length}</span>
      </div>
      <div class="joined" role="group" aria-label="Step through time">
        <button
          type="button"
          title={`The ${length} before  [`}
          aria-label={`Previous ${length}`}
          onClick={() => onRange(shifted(range, -1))}
        >
          ‹
        </button>
        <button
          type="button"
          title={`The next ${length}  ]`}
          aria-label={`Next ${length}`}
          disabled={next.from >= now}
          onClick={() => onRange(next)}
        >
          ›
        </button>
        <button
          type="button"
          title="Twice as long  -"
          onClick={() => onRange(zoomedOut(range, now))}
        >
          Zoom out
        </button>
      </div>
      <div class="joined" role="group" aria-label="Last">
        {SHORTCUTS.map((shortcut) => (
          <button
            key={shortcut.name}
            type="button"
            aria-label={`Last ${shortcut.name}`}
            onClick={() => onRange(lastOf(shortcut.length, extent, Date.now()))}
          >
            {shortcut.name}
          </button>
        ))}
        <button
          type="button"
          disabled={!extent}
          title="From the oldest to the newest sample of the profile type"
          aria-label="All samples"
          onClick={() => extent && onRange(extent)}
        >
          all
        </button>
      </div>
      {extent && now - extent.to > HOUR && (
        <span class="muted newest-note" title="Spans that would be empty end there">
          Newest sample: {timeText(extent.to)} UTC
        </span>
      )}
    </div>
  );
}
