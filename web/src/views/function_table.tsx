// Functions with what they took. A click selects one on the whole page, or does what `onPick` says.
import { splitName } from '@/format/names';
import { go, question } from '@/state/page';
import type { FunctionName } from '@/state/question';
import { Table, type Column } from '@/ui/table';

import { functionMenu } from './function_menu';
import './function_table.css';
import { Measure, type Whole } from './measure';

export interface Named {
  function: string;
  file: string; // empty: unknown
}

// As FunctionRow of the API.
export interface FunctionValues extends Named {
  self: bigint;
  total: bigint;
}

export interface FunctionTableProps {
  label: string;
  rows: readonly FunctionValues[];
  whole: Whole;
  compact?: boolean; // beside something else: files and values in titles only
  sorted?: 'self' | 'total'; // as the rows are, descending
  onSort?: (by: 'self' | 'total') => void;
  onPick?: (fn: FunctionName) => void;
}

export function FunctionTable(props: FunctionTableProps) {
  const { label, rows, whole, compact, sorted, onSort, onPick = toggle } = props;
  const withFiles = !compact && rows.some((row) => row.file !== '');
  const width = compact ? '76px' : '170px';
  // One scale for both columns: bars of a self and of a total can be compared.
  const widest = rows.reduce((most, { total }) => (total > most ? total : most), 0n);
  const valueColumn = (
    id: 'self' | 'total',
    header: string,
    title: string,
  ): Column<FunctionValues> => ({
    id,
    header,
    title,
    width,
    align: 'right',
    sortable: !!onSort,
    render: (row) => (
      <Measure value={row[id]} whole={whole} widest={widest} shareOnly={compact} />
    ),
  });
  const columns: Column<FunctionValues>[] = [
    { id: 'function', header: 'Function', render: (row) => <FunctionCell row={row} /> },
    ...(withFiles ? [FILE_COLUMN] : []),
    valueColumn('self', 'Self', 'Of the samples that end in it'),
    valueColumn('total', 'Total', 'Of the samples that hold it'),
  ];
  const { fn } = question.value;
  return (
    <Table
      label={label}
      columns={columns}
      rows={rows}
      keyOf={(row) => `${row.file}\n${row.function}`}
      sorted={sorted && { by: sorted, descending: true }}
      onSort={(by) => onSort?.(by === 'total' ? 'total' : 'self')}
      isChosen={(row) => isSelected(row, fn)}
      onChoose={(row) => onPick(nameOf(row))}
      menu={(row) => functionMenu(nameOf(row))}
    />
  );
}

const FILE_COLUMN: Column<FunctionValues> = {
  id: 'file',
  header: 'File',
  width: '24%',
  render: ({ file }) => (
    <span class="file-name muted" title={file}>
      <bdi>{file}</bdi>
    </span>
  ),
};

// The button is for the keyboard: its click goes on to the row.
export function FunctionCell({ row }: { row: Named }) {
  const [qualifier, own] = splitName(row.function);
  return (
    <button
      type="button"
      class="function-name"
      title={row.file ? `${row.function}\n${row.file}` : row.function}
      aria-label={row.function}
      aria-pressed={isSelected(row, question.value.fn)}
    >
      {qualifier && <bdi class="qualifier">{qualifier}</bdi>}
      <bdi class="own-name">{own}</bdi>
    </button>
  );
}

export function nameOf(row: Named): FunctionName {
  return { name: row.function, file: row.file };
}

export function isSelected(row: Named, fn: FunctionName | null): boolean {
  return fn !== null && fn.name === row.function && (fn.file === '' || fn.file === row.file);
}

// Selects it, or none where it is selected already.
export function toggle(fn: FunctionName): void {
  const { fn: selected } = question.value;
  const again = selected?.name === fn.name && selected.file === fn.file;
  go({ fn: again ? null : fn });
}
