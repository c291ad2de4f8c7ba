// Goes round the themes.
import { chooseTheme, theme, THEMES } from './theme';

export function ThemeButton() {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  return (
    <button
      type="button"
      title={`Colours: ${theme()}. Change to ${next}.`}
      onClick={() => chooseTheme(next)}
    >
      Theme: {theme()}
    </button>
  );
}
