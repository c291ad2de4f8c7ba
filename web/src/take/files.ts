// The files of what the page shows, by the server's /render.
import { serverAddress } from '@/api/base';
import { filterParams, formatTime, type Question } from '@/state/question';

export const FORMATS = [
  { format: 'svg', label: 'SVG', ending: 'svg' },
  { format: 'folded', label: 'Folded text', ending: 'folded' },
  { format: 'pprof', label: 'pprof', ending: 'pb.gz' },
  { format: 'speedscope', label: 'speedscope JSON', ending: 'speedscope.json' },
] as const;
export type Format = (typeof FORMATS)[number]['format'];

// Null while nothing is chosen. Of a diff the SVG is that of the difference.
export function fileAddress(question: Question, format: Format): string | null {
  const { selector, range, filter, view, baseline, inverted } = question;
  if (!selector || !range) return null;
  const params = new URLSearchParams({
    query: selector,
    from: formatTime(range.from),
    to: formatTime(range.to),
    format,
  });
  filterParams(filter, params);
  if (view === 'diff' && baseline && format === 'svg') {
    params.set('baseline', baseline.selector || selector);
    params.set('baseline_from', formatTime((baseline.range ?? range).from));
    params.set('baseline_to', formatTime((baseline.range ?? range).to));
  } else if (inverted && (format === 'svg' || format === 'folded')) {
    params.set('inverted', '1');
  }
  return serverAddress(`render?${params.toString()}`);
}

// speedscope, served from here, with this profile.
export function speedscopeAddress(question: Question): string | null {
  const profile = fileAddress(question, 'speedscope');
  if (!profile) return null;
  const title = encodeURIComponent(fileName(question, 'speedscope.json'));
  return serverAddress(`speedscope/#profileURL=${encodeURIComponent(profile)}&title=${title}`);
}

// "excimer-wall.20261120-1300.20261120-1400.png"
export function fileName(question: Question, ending: string): string {
  const type = /^[\w.-]+/.exec(question.selector)?.[0] ?? 'flamegraph';
  const times = question.range ? [question.range.from, question.range.to] : [];
  const parts = times.map((time) => formatTime(time).replaceAll(/[-:]/g, '').replace('T', '-'));
  return [type, ...parts, ending].join('.');
}
