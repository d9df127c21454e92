/** Adds checked rows to the end of a table, all or none: bound and unique columns are judged first. */
import type { Cell } from './cell-values.js';
import { MAX_ROWS } from './limits.js';
import type { Column, Row } from './table-schema.js';
import type { Table, TableEdit } from './table-storage.js';
import { listProblems, ToolProblem } from './tool-problem.js';
import { uniqueProblems } from './unique-values.js';

export interface Appended {
  readonly inserted: number;
  /** Numbers of the first and last new row; absent when none came. */
  readonly first_row?: number;
  readonly last_row?: number;
}

/** `label` names the caller's row by its index, for texts about duplicates. */
export function appendRows(
  table: Table,
  cells: readonly (readonly Cell[])[],
  label: (index: number) => string,
): TableEdit<Appended> {
  const { head, rows } = table;
  if (rows.length + cells.length > MAX_ROWS) {
    throw new ToolProblem(
      `Nothing was written: table "${head.name}" has ${rows.length} rows and ${cells.length} more would exceed ${MAX_ROWS}. Delete rows or start another table.`,
    );
  }
  const added = cells.map((row, index) => ({ id: head.nextRow + index, cells: row }));
  const all = [...rows, ...added];
  refuseDuplicates(head.columns, all, (row) =>
    row.id < head.nextRow ? `_row ${row.id} of the table` : label(row.id - head.nextRow),
  );
  const last = added.at(-1);
  return {
    rows: all,
    nextRow: head.nextRow + added.length,
    result:
      last === undefined
        ? { inserted: 0 }
        : { inserted: added.length, first_row: head.nextRow, last_row: last.id },
  };
}

/** Throws one ToolProblem that lists all clashes. */
export function refuseDuplicates(
  columns: readonly Column[],
  rows: readonly Row[],
  label: (row: Row) => string,
): void {
  const problems = uniqueProblems(columns, rows, label);
  if (problems.length > 0) throw listProblems('Nothing was written. Values clash:', problems);
}
