// The package of a function: what it shares with the functions that belong together with it. A
// namespace, a class, a folder, whatever its language has.

const MOST_PARTS = 3;

// Undefined where the name tells none.
export function packageInName(name: string): string | undefined {
  const path = /^(?:\{closure:)?(\/.*)/s.exec(name)?.[1];
  if (path !== undefined) return folderOf(path);
  const plain = withoutArguments(name);
  if (plain.includes('\\')) return above(plain, '\\', MOST_PARTS); // PHP
  if (plain.includes('::')) return above(plain, '::', 2); // C++, Rust, PHP, Ruby
  const internal = /^.*\/[^.]*/s.exec(plain); // Go, Java's internal names
  if (internal) return internal[0];
  if (plain.includes('.')) return above(plain, '.', MOST_PARTS); // Java, Python, JavaScript
  return undefined;
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

// "a<b::c>::d(e::f)" -> "a".
function withoutArguments(name: string): string {
  const bracket = name.search(/[<(]/);
  return bracket > 0 ? name.slice(0, bracket) : name;
}

// All parts but the last, at most `most`, and the only one where there is no other.
function above(name: string, separator: string, most: number): string {
  const parts = name.split(separator);
  return parts.slice(0, Math.max(1, Math.min(parts.length - 1, most))).join(separator);
}
