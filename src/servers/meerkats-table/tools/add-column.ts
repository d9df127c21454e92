import { ADDS, COLUMN_DEFINITION, TABLE_ARGUMENT } from '../argument-schemas.js';
import { MAX_COLUMNS, MAX_TABLE_BYTES } from '../limits.js';
import { rowBytes } from '../stored-documents.js';
import { describeTable, TABLE_OUTPUT } from '../table-description.js';
import { parseColumn, type Column } from '../table-schema.js';
import type { Table } from '../table-storage.js';
import type { TableTool } from '../table-tool.js';
import { ToolProblem } from '../tool-problem.js';

export const addColumn: TableTool = {
  name: 'add_column',
  title: 'Add column',
  description: `Adds a column at the end of a table. Rows already there get its default, or null without one. A table has at most ${MAX_COLUMNS} columns.`,
  input: { table: TABLE_ARGUMENT, column: COLUMN_DEFINITION },
  required: ['table', 'column'],
  outputSchema: TABLE_OUTPUT,
  annotations: ADDS,
  async run({ args, tables }) {
    const { head } = await tables.change(args.text('table'), (table) => {
      const column = parseColumn(args.value('column'), table.head.columns);
      refuseUnfit(column, table);
      return { columns: [...table.head.columns, column], result: null };
    });
    return describeTable(head);
  },
};

/** What the rows already there would make untrue. */
function refuseUnfit(column: Column, { rows }: Table): void {
  if (column.required && column.default === null && rows.length > 0) {
    throw new ToolProblem(
      `Column "${column.name}" is required, but the table has ${rows.length} rows without it: give a default, or add it as not required.`,
    );
  }
  if (column.unique && column.default !== null && rows.length > 1) {
    throw new ToolProblem(
      `Column "${column.name}" is unique, but its default would be in all ${rows.length} rows: leave the default out.`,
    );
  }
  // Filled rows are stored short, yet take their full size in memory and once they are changed.
  const fillBytes = Buffer.byteLength(JSON.stringify(column.fill)) + 1;
  const bytes = rows.reduce((sum, row) => sum + rowBytes(row) + fillBytes, 0);
  if (bytes > MAX_TABLE_BYTES) {
    throw new ToolProblem(
      `With column "${column.name}" filled in, the table would hold ${bytes} bytes; the most is ${MAX_TABLE_BYTES}.`,
    );
  }
}
