import { describe, expect, it } from 'vitest';

import { printable, TextFit } from './text_fit';

// A font whose letters are all 10 pixels wide.
const fit = (name: string, width: number) =>
  new TextFit([name], (text) => 10 * Array.from(text).length).fit(0, width);

describe('TextFit', () => {
  it.each([
    ['Wiki\\Db\\Database::query', 300, 'Wiki\\Db\\Database::query'],
    ['Wiki\\Db\\Database::query', 229, 'Database::query'],
    ['Wiki\\Db\\Database::query', 149, 'query'],
    ['Wiki\\Db\\Database::query', 49, 'que…'],
    ['Wiki\\Db\\Database::query', 29, ''],
    ['/srv/w/index.php', 159, 'index.php'],
    ['/srv/w/index.php', 40, 'ind…'],
    ['std::map<a::b, c>::find(d::e)', 289, 'map<a::b, c>::find(d::e)'],
    ['std::map<a::b, c>::find(d::e)', 120, 'find(d::e)'],
    ['{closure:/srv/w/Setup.php(12)}', 230, '{closure Setup.php(12)}'],
    ['{closure:/srv/w/Setup.php(12)}', 100, '{closure …'],
    ['main', 40, 'main'],
    ['f::', 20, ''],
    ['', 100, ''],
  ])('%s in %i pixels', (name, width, text) => {
    expect(fit(name, width)).toBe(text);
  });

  it('cuts no letter of two units in half', () => {
    expect(fit('🔥🔥🔥🔥🔥', 40)).toBe('🔥🔥🔥…');
  });

  it('is never too wide, and never ends in an ellipsis where all would fit', () => {
    const name = 'Alpha\\Beta\\Gamma::deltaEpsilon';
    for (let width = 0; width < 400; ++width) {
      const text = fit(name, width);
      expect(10 * text.length).toBeLessThanOrEqual(width);
      expect(name.endsWith(text) || text.endsWith('…')).toBe(true);
    }
  });

  it('looks at the beginning of endless names only', () => {
    const text = fit('x'.repeat(50_000), 1e6);
    expect(text).toHaveLength(301);
    expect(text.endsWith('x…')).toBe(true);
  });
});

describe('printable', () => {
  it('shows what would be hidden or would turn the text around', () => {
    expect(printable('a\nb\u0000c\u007f')).toBe('a␊b␀c␡');
    expect(printable('safe\u202egnp.exe\u2066\u200b')).toBe('safe\ufffdgnp.exe\ufffd\ufffd');
    expect(printable('\ud800')).toBe('\ufffd');
  });

  it('leaves text of any script alone', () => {
    for (const text of ['שלום', 'مرحبا', '日本語', '👩\u200d🚒', 'é']) expect(printable(text)).toBe(text);
  });
});
