import { ADDS, COLUMN_DEFINITION, NEW_TABLE_ARGUMENT } from '../argument-schemas.js';
import {
  MAX_CELL_BYTES,
  MAX_COLUMNS,
  MAX_DEFAULT_BYTES,
  MAX_ROWS,
  MAX_TABLE_BYTES,
} from '../limits.js';
import { describeTable, TABLE_OUTPUT } from '../table-description.js';
import { checkName, parseColumns } from '../table-schema.js';
import type { TableTool } from '../table-tool.js';

export const createTable: TableTool = {
  name: 'create_table',
  title: 'Create table',
  description: `Creates an empty table. Columns have a type (text, number, boolean, date, json) and may be required, unique, or have a default (at most ${MAX_DEFAULT_BYTES} bytes). \
Limits: ${MAX_COLUMNS} columns, ${MAX_ROWS} rows, ${MAX_CELL_BYTES} bytes a cell, ${MAX_TABLE_BYTES} bytes a table. Names that differ only by letter case count as the same. \
Every row also has a number, "_row", given in order of insertion.`,
  input: {
    table: NEW_TABLE_ARGUMENT,
    columns: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_COLUMNS,
      items: COLUMN_DEFINITION,
    },
  },
  required: ['table', 'columns'],
  outputSchema: TABLE_OUTPUT,
  annotations: ADDS,
  async run({ args, tables }) {
    const name = checkName('table', args.text('table'));
    const columns = parseColumns(args.list('columns', { max: MAX_COLUMNS }));
    return describeTable(await tables.create(name, columns, []));
  },
};
