// Light or dark: as the system has it, or as the reader chose here, which the browser remembers.
import { signal } from '@preact/signals';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'theme';

function remembered(): Theme {
  try {
    return THEMES.find((known) => known === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    return 'auto'; // the browser keeps nothing for this site
  }
}

const chosen = signal(remembered());

export const theme = () => chosen.value;

export function chooseTheme(next: Theme): void {
  chosen.value = next;
  apply();
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Then it is for this visit only.
  }
}

function apply(): void {
  const { dataset } = document.documentElement;
  if (chosen.value === 'auto') delete dataset.theme;
  else dataset.theme = chosen.value;
}

apply();

// Calls back when the page turns dark or light, until what it returns is called.
export function onThemeChange(changed: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const page = new MutationObserver(changed);
  system.addEventListener('change', changed);
  page.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', changed);
    page.disconnect();
  };
}
