/**
 * Which rows a change or a query means. Changing tools demand a filter or an explicit `all: true`: a
 * forgotten filter must not empty a table.
 */
import { columnRef, ROW_NUMBER, type Column, type ColumnRef } from './table-schema.js';
import { MAX_COLUMNS } from './limits.js';
import { parseFilter, type RowPredicate } from './row-filter.js';
import type { ToolArguments } from './tool-arguments.js';
import { quote, ToolProblem } from './tool-problem.js';

/** For update_rows and delete_rows. */
export function selectForChange(columns: readonly Column[], args: ToolArguments): RowPredicate {
  const all = args.flag('all');
  if (all === args.has('filter')) {
    throw new ToolProblem('Give either a "filter", or "all": true to mean every row.');
  }
  return parseFilter(columns, args.value('filter'));
}

/** The columns to show; `absent` where the caller named none. */
export function parseProjection(
  columns: readonly Column[],
  names: unknown,
  absent: 'all' | 'all and row number',
): ColumnRef[] {
  if (names === undefined) {
    const all = columns.map((column) => columnRef(columns, column.name));
    return absent === 'all' ? all : [columnRef(columns, ROW_NUMBER), ...all];
  }
  if (!Array.isArray(names) || names.length === 0 || names.length > MAX_COLUMNS + 1) {
    throw new ToolProblem(`"columns" is a list of column names, got ${quote(names)}.`);
  }
  const refs = names.map((name: unknown) => columnRef(columns, name));
  const twice = refs.find((ref, index) => refs.findIndex(({ name }) => name === ref.name) < index);
  if (twice !== undefined) throw new ToolProblem(`"columns" names "${twice.name}" twice.`);
  return refs;
}
