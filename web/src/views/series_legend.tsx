// The lines of a chart as a table: what each one is, has, and whether it is shown.
import { Swatch } from '@/charts/swatch';
import { shareOf } from '@/format/numbers';
import { go, question } from '@/state/page';
import { narrowed } from '@/state/selector';
import { Table, type Column } from '@/ui/table';

import { exactText, Measure, ShareBar } from './measure';
import type { Part, SeriesLine } from './series_lines';

import './series_view.css';

export function SeriesLegend(props: {
  lines: SeriesLine[];
  hidden: ReadonlySet<string>;
  toggle: (label: string) => void;
  by: string;
  part: Part | undefined;
  unit: string;
}) {
  const { lines, hidden, toggle, by, part, unit } = props;
  const all = lines.reduce((sum, { total }) => sum + total, 0n);
  const most = lines.reduce((largest, { total }) => (total > largest ? total : largest), 0n);
  const widest = Math.max(...lines.map((line) => shareOf(line.part, line.total)));
  const columns: Column<SeriesLine>[] = [
    {
      id: 'group',
      header: by,
      render: ({ label, color, dash }) => (
        <label class="series-name">
          <input type="checkbox" checked={!hidden.has(label)} onChange={() => toggle(label)} />
          <Swatch color={color} dash={dash} />
          <bdi>{label}</bdi>
        </label>
      ),
    },
    {
      id: 'total',
      header: 'Total',
      title: 'Of all samples of the range',
      align: 'right',
      width: '190px',
      render: (line) => <Measure value={line.total} whole={{ unit, total: all }} widest={most} />,
    },
  ];
  if (part) {
    columns.push({
      id: 'share',
      header: 'Function’s share',
      title: 'Of the samples of this line',
      align: 'right',
      width: '30%',
      render: (line) => (
        <ShareBar
          share={shareOf(line.part, line.total)}
          widest={widest}
          title={`${exactText(line.part, unit)} of ${exactText(line.total, unit)}`}
        />
      ),
    });
  }
  columns.push({
    id: 'narrow',
    header: 'Narrow',
    width: '110px',
    align: 'right',
    render: ({ labelValue }) => labelValue !== undefined && <OnlyThis by={by} value={labelValue} />,
  });
  return (
    <Table
      label={`Lines by ${by}`}
      columns={columns}
      rows={lines}
      keyOf={({ label }) => label}
    />
  );
}

function OnlyThis({ by, value }: { by: string; value: string }) {
  return (
    <button
      type="button"
      class="only-this"
      aria-label={`Only this: ${by} ${value}`}
      title="Select the samples of this line only"
      onClick={() => go({ selector: narrowed(question.value.selector, by, value), by: '' })}
    >
      Only this
    </button>
  );
}
