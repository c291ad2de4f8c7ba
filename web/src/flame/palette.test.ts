import { describe, expect, it } from 'vitest';

import { contrast, oklch, hex, parseHex } from './colour';
import { graphOf } from './graph';
import { folderOf, packageInName } from './package';
import { differenceShade, paletteOf, shadesOf } from './palette';
import { randomNumbers, randomTree, responseOf } from './random_tree';

const SHAPE = { boxes: 1000, names: 200, deepest: 20 };

const THEMES = {
  light: { page: '#ffffff', text: '#1b1f27', mark: '#c026d3', focus: '#1f6feb' },
  dark: { page: '#14171c', text: '#e8eaee', mark: '#e879f9', focus: '#6ea8fe' },
};

describe('palettes', () => {
  it.each(Object.entries(THEMES))('%s: text is readable on every shade', (_, tokens) => {
    const { fill, text } = paletteOf(tokens);
    fill.forEach((colour, shade) => {
      expect(contrast(parseHex(colour), parseHex(text[shade]))).toBeGreaterThanOrEqual(4.5);
    });
  });

  it('give all functions of a package one shade', () => {
    const graph = graphOf(responseOf(randomTree(randomNumbers(6), SHAPE), SHAPE.names));
    graph.names = graph.names.map((name, i) => (i % 3 === 0 ? `plain${i}` : name));
    const shades = shadesOf(graph);
    const byPackage = new Map<string, Set<number>>();
    for (let i = 1; i < shades.length; ++i) {
      const [name, file] = [graph.names[graph.name[i]], graph.files[graph.file[i]]];
      const key = packageInName(name) ?? (file === '' ? name : folderOf(file));
      byPackage.set(key, (byPackage.get(key) ?? new Set()).add(shades[i]));
    }
    expect([...byPackage.values()].map(({ size }) => size)).toEqual(Array(byPackage.size).fill(1));
    expect(new Set(shades).size).toBeGreaterThan(10);
  });

  it('go one way with the size of a difference, and the other with its sign', () => {
    const shades = [-1, -0.02, -0.005, -0.0001, 0.0001, 0.005, 0.02, 1].map((difference) =>
      differenceShade(difference, true),
    );
    expect(shades).toEqual([...shades].sort((a, b) => a - b));
    expect(new Set(shades).size).toBe(8);
    expect(differenceShade(0.5, false)).toBe(differenceShade(0, true));
  });
});

describe('colours', () => {
  it('are made and compared as the standards say', () => {
    expect(hex(oklch(1, 0, 0))).toBe('#ffffff');
    expect(hex(oklch(0.628, 0.2577, 29.23))).toBe('#ff0000');
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
  });
});

describe('packageInName', () => {
  it.each([
    ['Wikimedia\\Rdbms\\Database::query', 'Wikimedia\\Rdbms'],
    ['MediaWiki\\Extension\\Cite\\Hooks\\Parser::run', 'MediaWiki\\Extension\\Cite'],
    ['Parser::parse', 'Parser'],
    ['wfMain', undefined],
    ['/srv/w/index.php', '/srv/w'],
    ['{closure:/srv/w/a.php(12)}', '/srv/w'],
    ['std::vector<a::b>::push_back(a::b)', 'std'],
    ['boost::asio::detail::run', 'boost::asio'],
    ['net/http.(*conn).serve', 'net/http'],
    ['java.util.HashMap.get', 'java.util.HashMap'],
    ['', undefined],
  ])('%s', (name, expected) => {
    expect(packageInName(name)).toBe(expected);
  });
});
