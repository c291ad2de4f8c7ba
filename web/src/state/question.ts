// What the page shows: all of it, as it stands in the page's address.
import { MINUTE } from '@/format/times';

export const VIEWS = [
  'flame',
  'functions',
  'sandwich',
  'diff',
  'series',
  'heatmap',
  'compare',
  'status',
] as const;
export type View = (typeof VIEWS)[number];

// Milliseconds since 1970, whole minutes; half open. Fixed: a link shows the same for ever.
export interface Range {
  from: number;
  to: number;
}

// The frames that are kept, dropped, ...: RE2 expressions of functions, or of files with "file:" in
// front, as in the command line's options of the same names. Empty: none.
export interface Filter {
  keep: string[];
  drop: string[];
  hide: string[];
  focus: string;
  until: string;
  maxDepth: number; // 0: no limit
}

export interface FunctionName {
  name: string;
  file: string; // empty: unknown
}

// What is drawn over time of the selected function: the share of the samples that hold it, of those
// that end in it, or all samples as if none were selected.
export const MEASURES = ['total', 'self', 'load'] as const;
export type Measure = (typeof MEASURES)[number];

export interface Question {
  view: View;
  selector: string; // empty: nothing is chosen yet
  range: Range | null; // null: nothing is chosen yet
  filter: Filter;
  inverted: boolean;
  beside: boolean; // the functions' table stands beside the flame graph
  zoom: string; // path of the box that is as wide as the graph, see flame/path_id.ts; empty: the root
  search: string; // an expression whose matches are marked
  fn: FunctionName | null; // the function that is selected, in every view
  sort: 'self' | 'total'; // of tables
  measure: Measure; // over time and by hours
  by: string; // the label that is compared by, and that series are grouped by; empty: the first, or none
  years: number; // from the range's own year to that of the calendar; -1: the year before
  month: string; // whose hours the calendar shows, "2026-11"; empty: the last weeks
  baseline: { selector: string; range: Range | null } | null; // of a diff; what is missing is the selection's
}

export const NO_FILTER: Filter = {
  keep: [],
  drop: [],
  hide: [],
  focus: '',
  until: '',
  maxDepth: 0,
};

export const EMPTY: Question = {
  view: 'flame',
  selector: '',
  range: null,
  filter: NO_FILTER,
  inverted: false,
  beside: false,
  zoom: '',
  search: '',
  fn: null,
  sort: 'self',
  measure: 'total',
  by: '',
  years: 0,
  month: '',
  baseline: null,
};

// That a calendar is moved by at most: beyond are no samples.
const MAX_YEARS = 100;

// The change to another range: its calendar begins with its own year.
export function atRange(range: Range): Pick<Question, 'range' | 'years' | 'month'> {
  return { range, years: 0, month: '' };
}

// "2026-11-20T13:00", UTC: as the command line and /render take it.
export function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 16);
}

// Of that form, or of a date alone, or with seconds and a zone. Undefined where it is no time.
export function parseTime(text: string): number | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(
      text.trim(),
    );
  if (!match) return undefined;
  const [, date, clock = '00:00', zone = 'Z'] = match;
  if (!isDate(date)) return undefined;
  const time = Date.parse(`${date}T${clock}:00${zone}`);
  return Number.isNaN(time) ? undefined : Math.floor(time / MINUTE) * MINUTE;
}

// The browser takes the 30th of February for a day of March.
function isDate(date: string): boolean {
  const time = Date.parse(`${date}T00:00Z`);
  return !Number.isNaN(time) && formatTime(time).startsWith(date);
}

function parseRange(from: string | null, to: string | null): Range | null {
  const begin = parseTime(from ?? '');
  const end = parseTime(to ?? '');
  if (begin === undefined || end === undefined || begin >= end) return null;
  return { from: begin, to: end };
}

function parseFilter(params: URLSearchParams): Filter {
  return {
    keep: params.getAll('keep'),
    drop: params.getAll('drop'),
    hide: params.getAll('hide'),
    focus: params.get('focus') ?? '',
    until: params.get('until_frame') ?? '',
    maxDepth: Math.min(65_535, Math.max(0, Math.trunc(Number(params.get('max_depth')) || 0))),
  };
}

function parseYears(text: string): number {
  const years = Number(text);
  return Number.isInteger(years) && Math.abs(years) <= MAX_YEARS ? years : 0;
}

function parseMonth(text: string): string {
  return /^\d{4}-\d{2}$/.test(text) ? text : '';
}

// `search` is that of a location. Whatever is wrong in it is as if it were not there.
export function parseQuestion(search: string): Question {
  const params = new URLSearchParams(search);
  const text = (name: string) => params.get(name) ?? '';
  const view = VIEWS.find((known) => known === params.get('view')) ?? 'flame';
  const baselineRange = parseRange(params.get('baseline_from'), params.get('baseline_to'));
  return {
    view,
    selector: text('query'),
    range: parseRange(params.get('from'), params.get('to')),
    filter: parseFilter(params),
    inverted: params.has('inverted'),
    beside: params.has('beside'),
    zoom: text('zoom'),
    search: text('search'),
    fn: params.has('fn') ? { name: text('fn'), file: text('fn_file') } : null,
    sort: params.get('sort') === 'total' ? 'total' : 'self',
    measure: MEASURES.find((known) => known === params.get('measure')) ?? 'total',
    by: text('by'),
    years: parseYears(text('years')),
    month: parseMonth(text('month')),
    baseline:
      params.has('baseline') || baselineRange
        ? { selector: text('baseline'), range: baselineRange }
        : null,
  };
}

export function filterParams(filter: Filter, params: URLSearchParams): void {
  for (const name of ['keep', 'drop', 'hide'] as const) {
    for (const expression of filter[name]) params.append(name, expression);
  }
  if (filter.focus) params.set('focus', filter.focus);
  if (filter.until) params.set('until_frame', filter.until);
  if (filter.maxDepth) params.set('max_depth', String(filter.maxDepth));
}

// The inverse of parseQuestion: "?query=...", or "" where all is as at first. What is as usual is
// left out.
export function formatQuestion(question: Question): string {
  const params = new URLSearchParams();
  const set = (name: string, value: string) => {
    if (value) params.set(name, value);
  };
  if (question.view !== 'flame') set('view', question.view);
  set('query', question.selector);
  if (question.range) {
    set('from', formatTime(question.range.from));
    set('to', formatTime(question.range.to));
  }
  filterParams(question.filter, params);
  if (question.inverted) set('inverted', '1');
  if (question.beside) set('beside', '1');
  set('zoom', question.zoom);
  set('search', question.search);
  if (question.fn) {
    params.set('fn', question.fn.name);
    set('fn_file', question.fn.file);
  }
  if (question.sort === 'total') set('sort', 'total');
  if (question.measure !== 'total') set('measure', question.measure);
  set('by', question.by);
  if (question.years !== 0) set('years', String(question.years));
  set('month', question.month);
  if (question.baseline) {
    params.set('baseline', question.baseline.selector);
    if (question.baseline.range) {
      set('baseline_from', formatTime(question.baseline.range.from));
      set('baseline_to', formatTime(question.baseline.range.to));
    }
  }
  const query = params.toString();
  return query && `?${query}`;
}
