// What is told about a box, beside it. Never in the way of the pointer or of the layout.
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Detail, Figure } from './detail';

const AWAY = 14; // pixels from the place
const MARGIN = 8; // to the window's edges

export function Tooltip(props: {
  detail: Detail;
  x: number;
  y: number;
  above?: number | undefined; // stand above this rather than below y, where there is room
}) {
  const { detail, x, y, above } = props;
  const card = useRef<HTMLDivElement>(null);
  const zoomed = detail.figures.some(({ ofZoomed }) => ofZoomed !== '');

  useLayoutEffect(() => {
    const { width, height } = card.current!.getBoundingClientRect();
    const right = globalThis.innerWidth - width - MARGIN;
    const top = (above ?? y) - AWAY - height;
    const fits = y + AWAY + height + MARGIN <= globalThis.innerHeight;
    const below = fits && (above === undefined || top < MARGIN);
    card.current!.style.left = `${Math.max(MARGIN, Math.min(x + AWAY, right))}px`;
    card.current!.style.top = `${below ? y + AWAY : Math.max(MARGIN, top)}px`;
  });

  return (
    <div class="flame-tooltip" ref={card} aria-hidden="true">
      <p class="flame-tooltip-name">{detail.name}</p>
      {detail.file && <p class="muted">{detail.file}</p>}
      <table>
        <thead>
          <tr>
            <td />
            <td />
            <th>of all</th>
            {zoomed && <th>of zoomed</th>}
          </tr>
        </thead>
        <tbody>
          {detail.figures.map((figure) => (
            <FigureRow key={figure.label} figure={figure} zoomed={zoomed} />
          ))}
        </tbody>
      </table>
      {detail.difference && <p>{detail.difference}</p>}
      {detail.path && <p class="flame-tooltip-path muted">{detail.path}</p>}
    </div>
  );
}

function FigureRow(props: { figure: Figure; zoomed: boolean }) {
  const { label, value, ofAll, ofZoomed } = props.figure;
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{value}</td>
      <td>{ofAll}</td>
      {props.zoomed && <td>{ofZoomed}</td>}
    </tr>
  );
}
