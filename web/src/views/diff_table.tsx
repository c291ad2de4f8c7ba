// The functions of a diff: their shares on both sides, and whether the difference is beyond noise.
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { DiffVerdict, type DiffResponse_Compared as Compared } from '@gen/flamekeep/v1/diff_pb';

import { differenceShade } from '@/flame/palette';
import { usePalette } from '@/flame/theme';
import { percent, points, probability } from '@/format/numbers';
import { VERDICTS } from '@/format/verdicts';
import { question } from '@/state/page';
import { Table, type Column, type Sorted } from '@/ui/table';

import { sortedRows, type DiffColumn, type DiffRow } from './diff_rows';
import './diff_table.css';
import { functionMenu } from './function_menu';
import { FunctionCell, isSelected, nameOf, toggle } from './function_table';
import { exactText } from './measure';

export function DiffTable(props: { rows: readonly DiffRow[]; unit: string }) {
  const { rows, unit } = props;
  const [sorted, setSorted] = useState<Sorted | null>(null); // null: as the server gave them
  const palette = usePalette();
  const shown = useMemo(
    () => (sorted ? sortedRows(rows, sorted.by as DiffColumn, sorted.descending) : rows),
    [rows, sorted],
  );
  const largest = useMemo(
    () => rows.reduce((most, { compared }) => Math.max(most, Math.abs(compared.difference)), 0),
    [rows],
  );
  const { fn } = question.value;
  const columns: Column<DiffRow>[] = [
    {
      id: 'function',
      header: 'Function',
      sortable: true,
      render: (row) => (
        <Cell row={row}>
          <FunctionCell row={row} />
        </Cell>
      ),
    },
    shareColumn('baseline', 'Baseline', unit),
    shareColumn('selection', 'Selection', unit),
    {
      id: 'difference',
      header: 'Difference',
      title: 'Of the shares, in points of a hundred',
      width: '30%',
      align: 'right',
      sortable: true,
      render: (row) => (
        <Cell row={row}>
          <Difference
            compared={row.compared}
            largest={largest}
            colour={palette.fill[differenceShade(row.compared.difference, isBeyond(row))]}
          />
        </Cell>
      ),
    },
    {
      id: 'verdict',
      header: 'Verdict',
      title: 'p: how likely noise alone makes a difference of this size, if only this one were looked at',
      width: '190px',
      render: (row) => (
        <Cell row={row}>
          {VERDICTS[row.compared.verdict]}
          {row.compared.verdict !== DiffVerdict.NOT_ENOUGH_DATA && (
            <span class="muted"> p {probability(row.compared.pValue)}</span>
          )}
        </Cell>
      ),
    },
  ];
  return (
    <Table
      label="Functions that differ"
      columns={columns}
      rows={shown}
      keyOf={(row) => `${row.file}\n${row.function}`}
      {...(sorted && { sorted })}
      onSort={(column) => setSorted(sortedAfter(sorted, column))}
      isChosen={(row) => isSelected(row, fn)}
      onChoose={(row) => toggle(nameOf(row))}
      menu={(row) => functionMenu(nameOf(row))}
    />
  );
}

// Names begin with A, figures with the largest; another click turns it, a third gives the first
// order back.
function sortedAfter(before: Sorted | null, by: string): Sorted | null {
  const first = by !== 'function';
  if (before?.by !== by) return { by, descending: first };
  return before.descending === first ? { by, descending: !first } : null;
}

function shareColumn(id: 'baseline' | 'selection', header: string, unit: string): Column<DiffRow> {
  return {
    id,
    header,
    title: `Share of all samples of the ${id}`,
    width: '104px',
    align: 'right',
    sortable: true,
    render: (row) => (
      <Cell row={row}>
        <span title={exactText(row.compared[id], unit)}>{percent(row.compared[`${id}Share`])}</span>
      </Cell>
    ),
  };
}

function isBeyond({ compared }: DiffRow): boolean {
  return compared.verdict === DiffVerdict.BEYOND_NOISE;
}

function Cell({ row, children }: { row: DiffRow; children: ComponentChildren }) {
  return isBeyond(row) ? <>{children}</> : <span class="noise">{children}</span>;
}

// A bar from the middle: to the right where it grew.
function Difference(props: { compared: Compared; largest: number; colour: string }) {
  const { compared, largest, colour } = props;
  const { difference, standardError, pValue } = compared;
  const width = largest === 0 ? 0 : (Math.abs(difference) / largest) * 50;
  const begin = difference < 0 ? 50 - width : 50;
  const error = points(standardError).slice(1);
  const noise = standardError > 0 ? `, standard error ${error}, p = ${pValue.toPrecision(2)}` : '';
  return (
    <span class="difference" title={`${points(difference)}${noise}`}>
      <span class="difference-bar" aria-hidden="true">
        <span style={{ left: `${begin}%`, width: `${width}%`, background: colour }} />
      </span>
      <span class="difference-text">{points(difference)}</span>
    </span>
  );
}
