/** Short ways to write columns and rows in tests. */
import type { Cell, ColumnType } from '../../../../src/servers/meerkats-table/cell-values.js';
import type { Column, Row } from '../../../../src/servers/meerkats-table/table-schema.js';

export function column(name: string, type: ColumnType, more: Partial<Column> = {}): Column {
  return { name, type, required: false, unique: false, default: null, fill: null, ...more };
}

/** Rows numbered from 1. */
export function rowsOf(...cells: readonly (readonly Cell[])[]): Row[] {
  return cells.map((row, index) => ({ id: index + 1, cells: row }));
}

/** One column of every type: t, n, b, d, j. */
export const EVERY_TYPE = [
  column('t', 'text'),
  column('n', 'number'),
  column('b', 'boolean'),
  column('d', 'date'),
  column('j', 'json'),
];
