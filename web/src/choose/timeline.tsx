// Samples over time around a range, which is drawn, moved and resized in it.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { selection } from '@/api/request';
import { TimeChart } from '@/charts/time_chart';
import { useWidth } from '@/charts/width';
import { withUnit } from '@/format/numbers';
import { rangeText } from '@/format/times';
import type { Filter, Range } from '@/state/question';
import { FailureBox } from '@/ui/answered';
import { useAtRest } from '@/ui/use_at_rest';

import { holds, pannedWindow, windowOf, zoomedWindow } from './ranges';
import { pointsOf } from './series_points';
import './timeline.css';
import { useExtent } from './use_extent';

const HEIGHT = 78;
const PIXELS_PER_POINT = 4;
// The server is asked once the window has come to rest.
const REST_MS = 150;
const ZOOM = 2;
const WHEEL_ZOOM = 1.25;

export function Timeline(props: {
  range: Range;
  selector: string;
  filter?: Filter;
  label: string; // what its samples are of
  onRange: (range: Range) => void;
  children?: ComponentChildren; // above it
}) {
  const { range, selector, filter, label, onRange } = props;
  const now = Date.now();
  const extent = useExtent(selector);
  const settled = extent.state !== 'waiting' || extent.value !== undefined;
  const usual = () => windowOf(range, extent.value ?? null, now);
  // What was zoomed by hand stays, until a range comes that would not be seen well.
  const ranged = `${range.from} ${range.to}`;
  const [kept, setKept] = useState<{ window: Range; ranged: string } | null>(null);
  const stays = kept && (kept.ranged === ranged || holds(kept.window, range));
  const window = stays ? kept.window : usual();
  const setWindow = (next: Range) => setKept({ window: next, ranged });
  useEffect(() => {
    if (settled) setWindow(window);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ranged, settled]);

  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const maxPoints = Math.max(50, Math.round(width / PIXELS_PER_POINT / 50) * 50);
  const wanted = settled ? window : null;
  const asked = useAtRest(wanted, `${wanted?.from} ${wanted?.to}`, REST_MS);
  const answer = useAnswer(
    width > 0 && asked ? JSON.stringify([selector, filter, asked, maxPoints]) : null,
    async (signal) => {
      const request = { selection: selection(selector, asked!, filter), maxPoints };
      return pointsOf(await queries.series(request, { signal }), Date.now());
    },
  );

  const zoom = (factor: number, about = (range.from + range.to) / 2) =>
    setWindow(zoomedWindow(window, factor, about, now));
  const turn = (event: WheelEvent, time: number) => {
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      setWindow(pannedWindow(window, Math.sign(event.deltaX || event.deltaY) / 10, now));
    } else {
      setWindow(zoomedWindow(window, event.deltaY > 0 ? WHEEL_ZOOM : 1 / WHEEL_ZOOM, time, now));
    }
  };

  const points = answer.value;
  return (
    <div class="timeline">
      {props.children}
      {answer.state === 'failed' && <FailureBox failure={answer.failure} again={answer.again} />}
      <div class="timeline-row">
        <div ref={host} class="timeline-chart" aria-busy={answer.state === 'waiting'}>
          <TimeChart
            label={`${label} over time, ${rangeText(window)} UTC, per ${points?.step ?? 'step'}`}
            kind="bars"
            edges={points?.edges ?? NONE}
            series={[{ label, values: points?.totals ?? NONE, color: 'var(--muted)' }]}
            height={HEIGHT}
            format={(value) => withUnit(value, points?.unit ?? '')}
            span={window}
            marked={range}
            {...(points && { spans: points.spans })}
            onBrush={onRange}
            onPoint={onRange}
            onWheel={turn}
          />
        </div>
        <div class="timeline-side">
          <span class="muted" title="What a bar is of">
            {points && `per ${points.step}`}
          </span>
          <div class="timeline-zoom" role="group" aria-label="Zoom of the timeline">
            <button type="button" title="Zoom the timeline in" onClick={() => zoom(1 / ZOOM)}>
              +
            </button>
            <button type="button" title="Zoom the timeline out" onClick={() => zoom(ZOOM)}>
              −
            </button>
            <button
              type="button"
              title="Show the range in the middle"
              class="timeline-fit"
              onClick={() => setWindow(usual())}
            >
              fit
            </button>
          </div>
        </div>
      </div>
    </div>
  );
}

const NONE: number[] = [];
