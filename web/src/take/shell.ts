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
  if (!question.fn || question.measure === 'load') return [];
  const { name, file } = question.fn;
  return ['--function', name, ...(file ? ['--file', file] : []), '--exact'];
}

interface Command {
  name: string;
  what: string[]; // its words
  options: string[];
}

// What the page shows, for a range that is chosen. Null where no command does it.
function commandFor(question: Question, range: Range): Command | null {
  const { selector, filter, by, sort, baseline, fn, search } = question;
  const options = [...rangeWords(range), ...filterWords(filter)];
  switch (question.view) {
    case 'status':
      return STATUS;
    case 'functions':
      return search
        ? { name: 'search', what: [search, selector], options: [...options, '--by', sort] }
        : { name: 'top', what: [selector], options: [...options, '--by', sort] };
    case 'sandwich': {
      if (!fn) return { name: 'top', what: [selector], options: [...options, '--by', 'total'] };
      const file = fn.file ? ['--file', fn.file] : [];
      return { name: 'sandwich', what: [fn.name, selector], options: ['--exact', ...file, ...options] };
    }
    case 'diff': {
      if (!baseline) return null;
      const before = baseline.selector ? ['--baseline', baseline.selector] : [];
      const times = rangeWords(baseline.range ?? range, 'baseline-');
      return { name: 'diff', what: [selector], options: [...options, ...before, ...times, '--by', sort] };
    }
    case 'series':
    case 'heatmap':
    case 'compare': {
      const grouped = by && question.view !== 'heatmap' ? ['--by', by] : [];
      return {
        name: question.view,
        what: [selector],
        options: [...options, ...grouped, ...functionWords(question)],
      };
    }
    case 'flame':
      return {
        name: 'query',
        what: [selector],
        options: [...options, ...(question.inverted ? ['--inverted'] : []), '-o', 'flamegraph.svg'],
      };
  }
}

const STATUS: Command = { name: 'status', what: [], options: [] };

// Null while nothing is chosen. `host` is that of the page: the command finds a server on its own
// machine by itself.
export function commandOf(question: Question, host: string): string | null {
  const { view, selector, range } = question;
  if (view !== 'status' && (!selector || !range)) return null;
  const command = range ? commandFor(question, range) : STATUS;
  if (!command) return null;
  const { name, what, options } = command;
  const elsewhere = !['localhost', '127.0.0.1', '[::1]'].includes(host);
  const server = elsewhere ? ['--server', `${host}:4041`] : [];
  // A name like "-[NSObject init]" is no option.
  const words = what.some((word) => word.startsWith('-'))
    ? [name, ...options, ...server, '--', ...what]
    : [name, ...what, ...options, ...server];
  return ['flamekeep', ...words].map(quoted).join(' ');
}
