// Which rows of a long table are worth having in the document.
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export const ROW_HEIGHT = 28; // px; the stylesheet has it, too
const ALL_UP_TO = 300; // rows; so few cost nothing
const MARGIN = 20; // rows above and below what is seen, for the keyboard and quick scrolling
const STEP = 10; // rows come and go by so many at once

export interface Rows {
  first: number;
  end: number; // behind the last
}

// `top` is where the first row begins, seen from the upper edge of the window.
export function visibleRows(count: number, top: number, windowHeight: number): Rows {
  if (count <= ALL_UP_TO) return { first: 0, end: count };
  const clamp = (row: number) => Math.min(count, Math.max(0, row));
  return {
    first: clamp(Math.floor((-top / ROW_HEIGHT - MARGIN) / STEP) * STEP),
    end: clamp(Math.ceil(((windowHeight - top) / ROW_HEIGHT + MARGIN) / STEP) * STEP),
  };
}

export function useVisibleRows(body: RefObject<HTMLElement>, count: number): Rows {
  const [rows, setRows] = useState<Rows>(visibleRows(count, 0, globalThis.innerHeight));
  useEffect(() => {
    const look = () => {
      const { top } = body.current!.getBoundingClientRect();
      const next = visibleRows(count, top, globalThis.innerHeight);
      setRows((last) => (last.first === next.first && last.end === next.end ? last : next));
    };
    look();
    if (count <= ALL_UP_TO) return undefined;
    // Captured: whichever element around the table scrolls.
    const listening = new AbortController();
    const options = { capture: true, passive: true, signal: listening.signal };
    document.addEventListener('scroll', look, options);
    globalThis.addEventListener('resize', look, options);
    return () => listening.abort();
  }, [body, count]);
  // Of fewer rows than last time until the effect has looked.
  return { first: Math.min(rows.first, count), end: Math.min(Math.max(rows.end, 0), count) };
}
