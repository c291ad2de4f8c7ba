// How wide an element is, followed as it changes.
import { useLayoutEffect, useState, type MutableRef } from 'preact/hooks';

// 0 until it has been measured.
export function useWidth(element: MutableRef<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measured = element.current!;
    setWidth(measured.clientWidth);
    const observer = new ResizeObserver(() => setWidth(measured.clientWidth));
    observer.observe(measured);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
