import { refuseDuplicates } from '../append-rows.js';
import { FILTER_ARGUMENT, OVERWRITES, TABLE_ARGUMENT } from '../argument-schemas.js';
import { matchingRows } from '../matching-rows.js';
import { selectForChange } from '../row-selection.js';
import { assign, parseAssignments } from '../row-values.js';
import type { TableTool } from '../table-tool.js';

export const updateRows: TableTool = {
  name: 'update_rows',
  title: 'Update rows',
  description:
    'Sets columns to given values in every row that matches the filter, all or none. To see first which rows match, call query_rows with the same filter.',
  input: {
    table: TABLE_ARGUMENT,
    filter: FILTER_ARGUMENT,
    all: { type: 'boolean', description: 'True instead of a filter: every row.' },
    set: {
      type: 'object',
      description: 'Column names and their new values, such as {"status":"done"}.',
    },
  },
  required: ['table', 'set'],
  outputSchema: {
    type: 'object',
    properties: { updated: { type: 'integer', description: 'Rows that matched.' } },
    required: ['updated'],
  },
  annotations: OVERWRITES,
  async run({ args, tables, context }) {
    const { result } = await tables.change(args.text('table'), async (table) => {
      const { columns } = table.head;
      const assignments = parseAssignments(columns, args.value('set'));
      const matches = selectForChange(columns, args);
      const matching = new Set(await matchingRows(table.rows, matches, context.signal));
      const rows = table.rows.map((row) => (matching.has(row) ? assign(row, assignments) : row));
      refuseDuplicates(columns, rows, (row) => `_row ${row.id}`);
      return { rows, result: { updated: matching.size } };
    });
    return result;
  },
};
