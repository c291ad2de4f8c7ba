// The page's colours for what is drawn on a canvas: its tokens as they are now, light or dark.
import { useEffect, useState } from 'preact/hooks';

import { onThemeChange } from '@/ui/theme';

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

export function usePalette(): Palette {
  const [palette, setPalette] = useState(currentPalette);
  useEffect(() => onThemeChange(() => setPalette(currentPalette())), []);
  return palette;
}
