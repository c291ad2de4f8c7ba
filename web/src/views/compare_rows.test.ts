import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';

import { CompareResponse_RowSchema } from '@gen/flamekeep/v1/tables_pb';

import { sortedAfter, sortedRows, type CompareColumn } from './compare_rows';

const ROWS = [
  { value: 'b', observations: 9n, total: 10n, functionTotal: 5n, functionShare: 0.5 },
  { value: 'a', observations: 10n, total: 9n, functionTotal: 9n, functionShare: 1 },
  { value: '', observations: 2n, total: 2n ** 60n, functionTotal: 6n, functionShare: 0.001 },
].map((row) => create(CompareResponse_RowSchema, row));

const order = (by: CompareColumn, descending: boolean) =>
  sortedRows(ROWS, { by, descending }).map(({ value }) => value);

it('sorts by each column, both ways', () => {
  expect(order('value', false)).toEqual(['', 'a', 'b']);
  expect(order('observations', true)).toEqual(['a', 'b', '']);
  expect(order('total', true)).toEqual(['', 'b', 'a']);
  expect(order('functionTotal', false)).toEqual(['b', '', 'a']);
  expect(order('share', true)).toEqual(['a', 'b', '']);
});

it('turns around at the second click', () => {
  const first = sortedAfter({ by: 'total', descending: true }, 'value');
  expect(first).toEqual({ by: 'value', descending: false });
  expect(sortedAfter(first, 'value')).toEqual({ by: 'value', descending: true });
  expect(sortedAfter(first, 'share')).toEqual({ by: 'share', descending: true });
});
