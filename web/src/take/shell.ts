// A question as a command line.
import { formatTime, type Filter, type Question, type Range } from '@/state/question';

// A word that a POSIX shell takes as it is.
export function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function rangeWords(range: Range, prefix = ''): string[] {
  return [`--${prefix}from`, formatTime(range.from), `--${prefix}to`, formatTime(range.to)];
}

function filterWords(filter: Filter): string[] {
  const words: string[] = [];
  for (const name of ['keep', 'drop', 'hide'] as const) {
    for (const expression of filter[name]) words.push(`--${name}`, expression);
  }
  if (filter.focus) words.push('--focus', filter.focus);
  if (filter.until) words.push('--until', filter.until);
  if (filter.maxDepth) words.push('--max-depth', String(filter.maxDepth));
  return words;
}

function functionWords(question: Question): string[] {
  if (!question.fn) return [];
  const { name, file } = question.fn;
  return ['--function', name, ...(file ? ['--file', file] : []), '--exact'];
}

// What follows "flamekeep" for what the page shows. The range is chosen.
function commandWords(question: Question, range: Range): string[] {
  const { selector, filter, by, sort, baseline, fn } = question;
  const what = [selector, ...rangeWords(range), ...filterWords(filter)];
  const grouped = by ? ['--by', by] : [];
  switch (question.view) {
    case 'status':
      return ['status'];
    case 'functions':
      return ['top', ...what, '--by', sort];
    case 'sandwich':
      if (!fn) return ['top', ...what, '--by', sort];
      return ['sandwich', '--exact', fn.name, ...what, ...(fn.file ? ['--file', fn.file] : [])];
    case 'diff': {
      const before = baseline?.selector ? ['--baseline', baseline.selector] : [];
      return ['diff', ...what, ...before, ...rangeWords(baseline?.range ?? range, 'baseline-')];
    }
    case 'series':
      return ['series', ...what, ...grouped, ...functionWords(question)];
    case 'heatmap':
      return ['heatmap', ...what, ...functionWords(question)];
    case 'compare':
      return ['compare', ...what, '--by', by || 'site', ...functionWords(question)];
    case 'flame':
      return ['query', ...what, ...(question.inverted ? ['--inverted'] : []), '--format', 'svg'];
  }
}

// Null while nothing is chosen. `host` is that of the page: the command finds a server on its own
// machine by itself.
export function commandOf(question: Question, host: string): string | null {
  if (!question.range || !question.selector) return null;
  const elsewhere = !['localhost', '127.0.0.1', '[::1]'].includes(host);
  const words = commandWords(question, question.range);
  const server = elsewhere ? ['--server', `${host}:4041`] : [];
  const output = question.view === 'flame' ? ['-o', 'flamegraph.svg'] : [];
  return ['flamekeep', ...words, ...output, ...server].map(quoted).join(' ');
}
