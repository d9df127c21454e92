/**
 * Unique columns, judged on the table as it would be after the change: since it was free of duplicates
 * before, every pair found has a changed row in it. Nulls never clash.
 */
import { comparable } from './cell-values.js';
import type { Column, Row } from './table-schema.js';
import { quote } from './tool-problem.js';

/** One sentence per clash; `label` names a row the way the caller knows it. */
export function uniqueProblems(
  columns: readonly Column[],
  rows: readonly Row[],
  label: (row: Row) => string,
): string[] {
  const problems: string[] = [];
  columns.forEach((column, index) => {
    if (!column.unique) return;
    const holders = new Map<string | number, Row>();
    for (const row of rows) {
      const cell = row.cells[index] ?? null;
      const key = comparable(column.type, cell);
      if (key === null) continue;
      const holder = holders.get(key);
      if (holder === undefined) holders.set(key, row);
      else {
        problems.push(
          `column "${column.name}" is unique, but ${quote(cell)} would be in ${label(holder)} and ${label(row)}`,
        );
      }
    }
  });
  return problems;
}
