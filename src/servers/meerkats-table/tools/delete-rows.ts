import { FILTER_ARGUMENT, OVERWRITES, TABLE_ARGUMENT } from '../argument-schemas.js';
import { matchingRows } from '../matching-rows.js';
import { selectForChange } from '../row-selection.js';
import { rowCountOf } from '../stored-documents.js';
import type { TableTool } from '../table-tool.js';

export const deleteRows: TableTool = {
  name: 'delete_rows',
  title: 'Delete rows',
  description:
    'Removes every row that matches the filter, for good. To see first which rows match, call query_rows with the same filter. Numbers of removed rows are not given again.',
  input: {
    table: TABLE_ARGUMENT,
    filter: FILTER_ARGUMENT,
    all: { type: 'boolean', description: 'True instead of a filter: every row.' },
  },
  required: ['table'],
  outputSchema: {
    type: 'object',
    properties: { deleted: { type: 'integer' }, row_count: { type: 'integer' } },
    required: ['deleted', 'row_count'],
  },
  annotations: OVERWRITES,
  async run({ args, tables, context }) {
    const { head, result } = await tables.change(args.text('table'), async (table) => {
      const matches = selectForChange(table.head.columns, args);
      const matching = new Set(await matchingRows(table.rows, matches, context.signal));
      const rows = table.rows.filter((row) => !matching.has(row));
      return { rows, result: matching.size };
    });
    return { deleted: result, row_count: rowCountOf(head) };
  },
};
