// Values of a label, as a table orders them.
import type { CompareResponse_Row as Row } from '@gen/flamekeep/v1/tables_pb';

import type { Sorted } from '@/ui/table';

export type CompareColumn = 'value' | 'observations' | 'total' | 'functionTotal' | 'share';

// The values of two rows are numbers, or both are strings.
function valueOf(row: Row, column: CompareColumn): bigint | number | string {
  return column === 'share' ? row.functionShare : row[column];
}

export function sortedRows(rows: readonly Row[], { by, descending }: Sorted): Row[] {
  const column = by as CompareColumn;
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const x = valueOf(a, column);
    const y = valueOf(b, column);
    return x < y ? -sign : x > y ? sign : 0;
  });
}

// What a click on a column's header does: the other way round, or first of all the largest (of
// names the first).
export function sortedAfter(sorted: Sorted, column: string): Sorted {
  const again = sorted.by === column;
  return { by: column, descending: again ? !sorted.descending : column !== 'value' };
}
