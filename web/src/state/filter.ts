// Expressions for exactly one function, and filters with one more of them.
import type { Filter } from './question';

// What means something in RE2. Everything else, spaces and line ends among it, stands for itself.
const SPECIAL = /[\\.+*?()|[\]{}^$]/g;

export function escapeExpression(text: string): string {
  return text.replace(SPECIAL, '\\$&');
}

// Matches the functions of this name, in whichever file: an expression is of a name or of a file.
export function exactExpression(name: string): string {
  return `^${escapeExpression(name)}$`;
}

// Once is enough: a filter that has the expression stays as it is.
export function withExpression(
  filter: Filter,
  kind: 'keep' | 'drop' | 'hide',
  expression: string,
): Filter {
  if (filter[kind].includes(expression)) return filter;
  return { ...filter, [kind]: [...filter[kind], expression] };
}
