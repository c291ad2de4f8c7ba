// The page's colours for what is drawn on a canvas: its tokens as they are now, light or dark.
import { useEffect, useState } from 'preact/hooks';

import { paletteOf, type Palette } from './palette';

export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return paletteOf({
    page: token('page'),
    text: token('text'),
    mark: token('mark'),
    focus: token('focus'),
  });
}

// Follows the system's and the page's choice of a theme.
export function usePalette(): Palette {
  const [palette, setPalette] = useState(currentPalette);
  useEffect(() => {
    const update = () => setPalette(currentPalette());
    const system = matchMedia('(prefers-color-scheme: dark)');
    const page = new MutationObserver(update);
    system.addEventListener('change', update);
    page.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      system.removeEventListener('change', update);
      page.disconnect();
    };
  }, []);
  return palette;
}
