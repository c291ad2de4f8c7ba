// The picture that "Download PNG" gives: of the graph that is on the page, while there is one.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

type Draw = () => Promise<Blob>;

export const picture = signal<Draw | null>(null);

// While the component is on the page, and `draw` the same. Null: there is nothing to draw.
export function usePicture(draw: Draw | null): void {
  useEffect(() => {
    picture.value = draw;
    return () => {
      picture.value = null;
    };
  }, [draw]);
}
