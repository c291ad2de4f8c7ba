// The selector language, as query/selector.h of the server has it:
//
//   excimer-wall{site="eqiad",entry_point=~"index|api"}
//
// A profile type and matchers of labels, in parts that can be shown and changed one by one.
import { escapeExpression } from './filter';

export type MatchOp = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  label: string; // or "site"
  op: MatchOp;
  value: string; // of the label, or an RE2 expression that matches all of it
}

export interface Selector {
  profileType: string; // as written, in one part or five; empty: there are matchers only
  matchers: Matcher[];
}

const SPACE = /[ \t\n\r]*/y;
const PROFILE_TYPE = /[^{ \t\n\r]*/y;
const LABEL = /[A-Za-z_][A-Za-z0-9_]*/y;
const OP = /=~|!~|!=|=/y;
const PROFILE_TYPE_PARTS = /^[A-Za-z_][A-Za-z0-9_.-]*(?:(?::[A-Za-z0-9_.\-/%]+){2}(?::[A-Za-z0-9_.\-/%]*){2})?$/;
const MAX_MATCHERS = 64;

class Reader {
  private place = 0;

  constructor(private readonly text: string) {}

  // What matches the sticky expression here; undefined where nothing does.
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.place;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.place = pattern.lastIndex;
    return match[0];
  }

  // Whether this comes next, behind any space; if so it is passed.
  passes(token: string): boolean {
    this.take(SPACE);
    if (!this.text.startsWith(token, this.place)) return false;
    this.place += token.length;
    return true;
  }

  atEnd(): boolean {
    this.take(SPACE);
    return this.place === this.text.length;
  }

  // A value in quotes; undefined where there is none, or where its bytes are no UTF-8.
  quoted(): string | undefined {
    const match = this.take(/"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|`[^`]*`/y);
    if (match === undefined) return undefined;
    const inside = match.slice(1, -1);
    return match.startsWith('`') ? inside : unescaped(inside);
  }
}

// Undefined where the text does not parse. Whether an expression is one, only the server knows.
export function parseSelector(text: string): Selector | undefined {
  const reader = new Reader(text);
  reader.take(SPACE);
  const profileType = reader.take(PROFILE_TYPE)!;
  if (profileType && !PROFILE_TYPE_PARTS.test(profileType)) return undefined;
  const matchers: Matcher[] = [];
  if (reader.passes('{')) {
    while (!reader.passes('}')) {
      const matcher = parseMatcher(reader);
      if (!matcher || matchers.length === MAX_MATCHERS) return undefined;
      matchers.push(matcher);
      if (reader.passes(',')) continue;
      if (reader.passes('}')) break;
      return undefined;
    }
  } else if (!profileType) {
    return undefined;
  }
  return reader.atEnd() ? { profileType, matchers } : undefined;
}

function parseMatcher(reader: Reader): Matcher | undefined {
  const label = reader.take(LABEL);
  reader.take(SPACE);
  const op = reader.take(OP) as MatchOp | undefined;
  reader.take(SPACE);
  const value = reader.quoted();
  return label && op && value !== undefined ? { label, op, value } : undefined;
}

const SIMPLE_ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};
const ESCAPE =
  /\\(?:([abfnrtv\\"'])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\\/g;

// Escapes may write single bytes of a character, so the text is put together from bytes.
function unescaped(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  let done = 0;
  for (const match of text.matchAll(ESCAPE)) {
    bytes.push(...encoder.encode(text.slice(done, match.index)));
    done = match.index + match[0].length;
    const [, simple, hex, octal, short, long] = match as (string | undefined)[];
    const byte = hex ? parseInt(hex, 16) : parseInt(octal ?? '', 8);
    const point = parseInt(short ?? long ?? '', 16);
    if (simple) bytes.push(...encoder.encode(SIMPLE_ESCAPES[simple]));
    else if (byte <= 0xff) bytes.push(byte);
    else if (point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000)) {
      bytes.push(...encoder.encode(String.fromCodePoint(point)));
    } else return undefined;
  }
  bytes.push(...encoder.encode(text.slice(done)));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

// The text of a selector, in one form for each meaning.
export function formatSelector({ profileType, matchers }: Selector): string {
  if (matchers.length === 0) return profileType || '{}';
  const parts = matchers.map(({ label, op, value }) => `${label}${op}${quoted(value)}`);
  return `${profileType}{${parts.join(',')}}`;
}

function quoted(value: string): string {
  const escaped = value
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

// What a matcher says where it lists values: the label is one of them, or is none.
export interface Choice {
  values: string[];
  negated: boolean;
}

// Undefined where the matcher has an expression that does more than to list values.
export function choiceOf({ op, value }: Matcher): Choice | undefined {
  const negated = op.startsWith('!');
  const values = op.endsWith('~') ? alternatives(value) : [value];
  return values && { values, negated };
}

export function matcherOf(label: string, { values, negated }: Choice): Matcher {
  if (values.length === 1) return { label, op: negated ? '!=' : '=', value: values[0] };
  const value = values.map(escapeExpression).join('|');
  return { label, op: negated ? '!~' : '=~', value };
}

// The literals of "a|b\.c"; undefined for any other expression.
function alternatives(expression: string): string[] | undefined {
  const literals = [''];
  for (const [token] of expression.matchAll(/\\?[^]/gu)) {
    if (token === '|') literals.push('');
    else if (/^\\[!-/:-@[-^`{-~]$/.test(token)) literals[literals.length - 1] += token.slice(1);
    else if (/^[\\.+*?()[\]{}^$]/.test(token)) return undefined;
    else literals[literals.length - 1] += token;
  }
  return literals;
}

// The selector with this value of a label only. A selector that does not parse stays as it is.
export function narrowed(text: string, label: string, value: string): string {
  const selector = parseSelector(text);
  if (!selector) return text;
  const others = selector.matchers.filter((matcher) => matcher.label !== label);
  return formatSelector({ ...selector, matchers: [...others, { label, op: '=', value }] });
}
