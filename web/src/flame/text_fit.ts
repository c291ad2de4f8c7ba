// What of a name fits into a box. Widths are sums of the letters' advances, each measured once for
// a font: close enough (kerning moves a letter by fractions of a pixel), and quick.

const LIMIT = 300; // letters of a name that are looked at: no box is wider
const ELLIPSIS = '…';
const FEWEST = 2; // letters before an ellipsis

interface Prepared {
  text: string;
  cut: Uint16Array; // where letter i ends in the text
  width: Float32Array; // of the letters up to i, and i
  starts: number[]; // letters where the name may begin: the whole, without namespace, without class
  whole: boolean; // the text is the whole name
}

export type Measure = (text: string) => number;

export function measureIn(font: string): Measure {
  const context = document.createElement('canvas').getContext('2d')!;
  context.font = font;
  return (text) => context.measureText(text).width;
}

export class TextFit {
  private readonly advances = new Map<string, number>();
  private readonly prepared: (Prepared | undefined)[] = [];
  private readonly ellipsis: number;

  constructor(
    private readonly names: readonly string[],
    private readonly measure: Measure,
  ) {
    this.ellipsis = measure(ELLIPSIS);
  }

  // Of the name at this index: the longest of its forms that is no wider than this; cut, with an
  // ellipsis, where the shortest one is, too; '' where nothing sensible fits.
  fit(index: number, width: number): string {
    const name = (this.prepared[index] ??= this.prepare(this.names[index]));
    const count = name.width.length;
    if (count === 0) return '';
    const before = (letter: number) => (letter === 0 ? 0 : name.width[letter - 1]);
    const offset = (letter: number) => (letter === 0 ? 0 : name.cut[letter - 1]);
    if (name.whole) {
      for (const first of name.starts) {
        if (name.width[count - 1] - before(first) <= width) return name.text.slice(offset(first));
      }
    }
    const first = name.starts.at(-1)!;
    const room = width - this.ellipsis + before(first);
    let [low, high] = [first, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (name.width[middle] <= room) low = middle + 1;
      else high = middle;
    }
    if (low - first < FEWEST) return '';
    return name.text.slice(offset(first), name.cut[low - 1]) + ELLIPSIS;
  }

  private prepare(name: string): Prepared {
    const text = printable(withoutFolder(name.slice(0, 2 * LIMIT)));
    const letters = Array.from(text).slice(0, LIMIT);
    const cut = new Uint16Array(letters.length);
    const width = new Float32Array(letters.length);
    let [end, sum] = [0, 0];
    letters.forEach((letter, i) => {
      cut[i] = end += letter.length;
      width[i] = sum += this.advance(letter);
    });
    const whole = end === text.length && name.length <= 2 * LIMIT;
    return { text: text.slice(0, end), cut, width, starts: startsOf(letters), whole };
  }

  private advance(letter: string): number {
    let advance = this.advances.get(letter);
    if (advance === undefined) {
      advance = this.measure(letter);
      this.advances.set(letter, advance);
    }
    return advance;
  }
}

// A closure of PHP, "{closure:/srv/w/Setup.php(12)}", as "{closure Setup.php(12)}".
function withoutFolder(name: string): string {
  return name.replace(/^\{closure:\/[^}]*\/(?=[^/}]+\}$)/, '{closure ');
}

// Letters where forms of the name begin: 0, behind the namespace or folder, behind the class.
// Separators in arguments, "f<a::b>(c::d)", do not count.
function startsOf(letters: string[]): number[] {
  let [name, method, nesting] = [0, 0, 0];
  letters.forEach((letter, i) => {
    if (letter === '(' || letter === '<') nesting += 1;
    else if (letter === ')' || letter === '>') nesting -= 1;
    if (nesting !== 0 || i + 1 === letters.length) return;
    if (letter === '\\' || letter === '/') name = i + 1;
    if (letter === ':' && letters[i - 1] === ':') {
      if (method > name) name = method;
      method = i + 1;
    }
  });
  return method > name ? [0, name, method] : [0, name];
}

// Characters that would not be seen, or would turn the text around, as signs that stand for them.
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    // Joiners are part of what emoji and some scripts are written with.
    return code === 0x200c || code === 0x200d ? character : '\ufffd';
  });
}
