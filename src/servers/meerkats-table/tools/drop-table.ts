import { OVERWRITES, TABLE_ARGUMENT } from '../argument-schemas.js';
import { rowCountOf } from '../stored-documents.js';
import type { TableTool } from '../table-tool.js';

export const dropTable: TableTool = {
  name: 'drop_table',
  title: 'Drop table',
  description:
    'Removes a table with all its rows, for good. Use delete_rows to empty a table and keep it.',
  input: { table: TABLE_ARGUMENT },
  required: ['table'],
  outputSchema: {
    type: 'object',
    properties: {
      dropped: { type: 'string' },
      rows_removed: { type: 'integer' },
    },
    required: ['dropped', 'rows_removed'],
  },
  annotations: OVERWRITES,
  async run({ args, tables }) {
    const head = await tables.drop(args.text('table'));
    return { dropped: head.name, rows_removed: rowCountOf(head) };
  },
};
