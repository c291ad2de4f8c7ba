// What a line of a chart looks like, beside its name.

const SIZE = { width: 16, height: 10 };

export function Swatch({ color, dash }: { color: string; dash?: number[] | undefined }) {
  return (
    <svg class="line-swatch" {...SIZE} aria-hidden="true">
      <line
        x2={SIZE.width}
        y1={SIZE.height / 2}
        y2={SIZE.height / 2}
        stroke-width={4}
        stroke-dasharray={dash?.join(' ')}
        style={{ stroke: color }}
      />
    </svg>
  );
}
