// What the colours of a heat map mean.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

import { LEVELS, type HeatScale } from './heat_scale';

import './heat_map.css';

const SIZE = 12;

export function HeatLegend(props: {
  scale: HeatScale;
  format: (value: number) => string;
  unknown: boolean; // whether there are such cells
}) {
  const { scale, format, unknown } = props;
  const hatch = useId();
  const bound = (level: number) => format(scale.low + ((scale.high - scale.low) * level) / LEVELS);
  return (
    <p class="heat-legend">
      <span>
        {scale.clippedLow && '≤ '}
        {format(scale.low)}
      </span>
      <svg width={LEVELS * (SIZE + 8)} height={SIZE} role="img" aria-label="from pale to strong">
        {Array.from({ length: LEVELS }, (_, level) => (
          <rect key={level} class={`level-${level}`} x={level * (SIZE + 8)} width={SIZE + 6} height={SIZE} rx={2}>
            <title>
              {bound(level)} to {bound(level + 1)}
            </title>
          </rect>
        ))}
      </svg>
      <span>
        {scale.clippedHigh && '≥ '}
        {format(scale.high)}
      </span>
      <Swatch class="no-samples" />
      <span>no samples</span>
      {unknown && (
        <>
          <Swatch class="unknown" fill={`url(#${hatch})`}>
            <pattern id={hatch} width={5} height={5} patternUnits="userSpaceOnUse">
              <path class="hatch" d="M-1 1l2-2M0 5l5-5M4 6l2-2" />
            </pattern>
          </Swatch>
          <span>kept as longer spans only</span>
        </>
      )}
    </p>
  );
}

function Swatch(props: { class: string; fill?: string; children?: ComponentChildren }) {
  return (
    <svg width={SIZE} height={SIZE} aria-hidden="true">
      {props.children}
      <rect class={props.class} fill={props.fill} x={0.5} y={0.5} width={SIZE - 1} height={SIZE - 1} rx={2} />
    </svg>
  );
}
