// A table of typed rows. Rows may be chosen (click, Enter in their first button) and have a menu
// (right click, "⋯"); up and down arrows walk from row to row. Long tables keep only the rows in
// the document that can be seen.
import type { ComponentChildren, VNode } from 'preact';
import { useCallback, useRef, useState } from 'preact/hooks';

import { Menu, type MenuItem } from './menu';
import './table.css';
import { ROW_HEIGHT, useVisibleRows } from './visible_rows';

export interface Column<Row> {
  id: string;
  header: string;
  title?: string; // what the header means, where it does not say it
  align?: 'right';
  width?: string; // of a stylesheet; without it a share of what is left
  sortable?: boolean;
  render: (row: Row) => ComponentChildren;
}

export interface Sorted {
  by: string; // a column's id
  descending: boolean;
}

export interface TableProps<Row> {
  label: string; // for those who do not see what stands above it
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  sorted?: Sorted;
  onSort?: (column: string) => void;
  isChosen?: (row: Row) => boolean;
  onChoose?: (row: Row) => void;
  menu?: (row: Row) => MenuItem[];
  wrap?: boolean; // long texts take several lines; for short tables
}

interface OpenMenu {
  x: number;
  y: number;
  items: MenuItem[];
}

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, menu, wrap } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const visible = useVisibleRows(body, rows.length);
  const [open, setOpen] = useState<OpenMenu | null>(null);
  const close = useCallback(() => setOpen(null), []);
  const width = columns.length + (menu ? 1 : 0);
  // What was drawn of the same table is not drawn again while it scrolls.
  const drawn = useRef({ table: props, rows: new Map<number, VNode>() });
  if (drawn.current.table !== props) drawn.current = { table: props, rows: new Map() };
  const draw = (index: number): VNode => {
    const row = rows[index];
    return (
      <BodyRow
        key={keyOf(row)}
        row={row}
        index={index}
        table={props}
        openMenu={(x, y) => setOpen({ x, y, items: menu!(row) })}
      />
    );
  };
  const shown: VNode[] = [];
  for (let index = visible.first; index < visible.end; ++index) {
    const known = drawn.current.rows.get(index) ?? draw(index);
    drawn.current.rows.set(index, known);
    shown.push(known);
  }
  return (
    <div class={wrap ? 'table wrapping' : 'table'}>
      <table aria-label={label} aria-rowcount={rows.length + 1}>
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={{ width: column.width }} />
          ))}
          {menu && <col class="menu-column" />}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Header key={column.id} column={column} sorted={props.sorted} onSort={props.onSort} />
            ))}
            {menu && (
              <th scope="col">
                <span class="unseen">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={walk}>
          <Spacer rows={visible.first} width={width} />
          {shown}
          <Spacer rows={rows.length - visible.end} width={width} />
        </tbody>
      </table>
      {open && <Menu label="What to do with it" {...open} close={close} />}
    </div>
  );
}

function Header<Row>(props: {
  column: Column<Row>;
  sorted?: Sorted;
  onSort?: (column: string) => void;
}) {
  const { column, sorted, onSort } = props;
  const byThis = sorted?.by === column.id;
  const order = sorted?.descending ? 'descending' : 'ascending';
  return (
    <th
      scope="col"
      class={column.align}
      title={column.title}
      aria-sort={column.sortable ? (byThis ? order : 'none') : undefined}
    >
      {column.sortable ? (
        <button type="button" onClick={() => onSort?.(column.id)}>
          {column.header}
          <span class="sort-mark" aria-hidden="true">
            {byThis ? (sorted.descending ? '▼' : '▲') : ''}
          </span>
        </button>
      ) : (
        column.header
      )}
    </th>
  );
}

function BodyRow<Row>(props: {
  row: Row;
  index: number;
  table: TableProps<Row>;
  openMenu: (x: number, y: number) => void;
}) {
  const { row, index, table, openMenu } = props;
  const { columns, isChosen, onChoose, menu } = table;
  const chosen = isChosen?.(row) ?? false;
  const choose = (event: MouseEvent) => {
    // Who marks text of a row to copy it does not choose the row.
    const marked = globalThis.getSelection();
    const inside = marked?.containsNode(event.currentTarget as Node, true) ?? false;
    if (!inside || marked!.isCollapsed) onChoose?.(row);
  };
  return (
    <tr
      aria-rowindex={index + 2}
      class={`${onChoose ? 'choosable' : ''} ${chosen ? 'chosen' : ''}`}
      onClick={onChoose && choose}
      onContextMenu={
        menu &&
        ((event) => {
          event.preventDefault();
          openMenu(event.clientX, event.clientY);
        })
      }
    >
      {columns.map((column) => (
        <td key={column.id} class={column.align}>
          {column.render(row)}
        </td>
      ))}
      {menu && (
        <td>
          <button
            type="button"
            class="row-menu"
            aria-haspopup="menu"
            aria-label="More"
            onClick={(event) => {
              event.stopPropagation();
              const { right, bottom } = event.currentTarget.getBoundingClientRect();
              openMenu(right - 220, bottom);
            }}
          >
            ⋯
          </button>
        </td>
      )}
    </tr>
  );
}

// Takes the room of rows that are not in the document.
function Spacer(props: { rows: number; width: number }) {
  if (props.rows <= 0) return null;
  return (
    <tr aria-hidden="true">
      <td colSpan={props.width} style={{ height: `${props.rows * ROW_HEIGHT}px`, padding: 0 }} />
    </tr>
  );
}

function walk(event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const cell = (event.target as Element).closest('td');
  if (step === 0 || !cell) return;
  const row = cell.parentElement as HTMLTableRowElement;
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  const control = next?.children[cell.cellIndex]?.querySelector<HTMLElement>('button, a');
  if (!control) return;
  control.focus();
  event.preventDefault();
}
