import { appendRows } from '../append-rows.js';
import { ADDS, TABLE_ARGUMENT } from '../argument-schemas.js';
import { MAX_CELL_BYTES, MAX_INSERT_ROWS, MAX_ROWS } from '../limits.js';
import { parseRows } from '../row-values.js';
import { rowCountOf } from '../stored-documents.js';
import type { TableTool } from '../table-tool.js';

export const INSERTED_OUTPUT = {
  inserted: { type: 'integer' },
  first_row: { type: 'integer', description: '_row of the first new row.' },
  last_row: { type: 'integer', description: '_row of the last new row.' },
  row_count: { type: 'integer', description: 'Rows in the table now.' },
};

export const insertRows: TableTool = {
  name: 'insert_rows',
  title: 'Insert rows',
  description: `Adds up to ${MAX_INSERT_ROWS} rows, all or none: every value is checked before any row is written. Columns left out take their default. \
A table holds ${MAX_ROWS} rows, a cell ${MAX_CELL_BYTES} bytes. For more rows at once use import_csv.`,
  input: {
    table: TABLE_ARGUMENT,
    rows: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_INSERT_ROWS,
      items: { type: 'object' },
      description:
        'Objects of column names and values, such as {"name":"Ada","born":"1815-12-10"}.',
    },
  },
  required: ['table', 'rows'],
  outputSchema: {
    type: 'object',
    properties: INSERTED_OUTPUT,
    required: ['inserted', 'row_count'],
  },
  annotations: ADDS,
  async run({ args, tables }) {
    const values = args.list('rows', { max: MAX_INSERT_ROWS });
    const { head, result } = await tables.change(args.text('table'), (table) =>
      appendRows(table, parseRows(table.head.columns, values), (index) => `row ${index + 1}`),
    );
    return { ...result, row_count: rowCountOf(head) };
  },
};
