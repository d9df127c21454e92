import { appendRows } from '../append-rows.js';
import { ADDS, TABLE_ARGUMENT } from '../argument-schemas.js';
import { inferColumns, readCsvRows, readCsvTable, rowLabel } from '../csv-import.js';
import { MAX_IMPORT_BYTES, MAX_ROWS } from '../limits.js';
import { rowCountOf } from '../stored-documents.js';
import { COLUMN_OUTPUT, describeColumn } from '../table-description.js';
import { checkName } from '../table-schema.js';
import type { TableTool } from '../table-tool.js';
import { DELIMITER_ARGUMENT, readDelimiter } from './csv-arguments.js';
import { INSERTED_OUTPUT } from './insert-rows.js';

export const importCsv: TableTool = {
  name: 'import_csv',
  title: 'Import CSV',
  description: `Adds the rows of CSV text (at most ${MAX_IMPORT_BYTES} bytes and ${MAX_ROWS} rows, with a header row) to a table, all or none; problems are reported with row and line. \
Values are converted to the types of the columns; an empty field is null, or the column's default. \
With "create": true a new table is made first, its columns and types taken from the CSV.`,
  input: {
    table: TABLE_ARGUMENT,
    csv: { type: 'string', description: 'The CSV text itself.' },
    create: {
      type: 'boolean',
      description: 'Make a new table; refused when the name is taken. Default false.',
    },
    delimiter: DELIMITER_ARGUMENT,
  },
  required: ['table', 'csv'],
  outputSchema: {
    type: 'object',
    properties: { ...INSERTED_OUTPUT, columns: { type: 'array', items: COLUMN_OUTPUT } },
    required: ['inserted', 'row_count', 'columns'],
  },
  annotations: ADDS,
  async run({ args, tables }) {
    const csv = readCsvTable(args.text('csv'), readDelimiter(args));
    const name = args.text('table');
    if (args.flag('create')) {
      const columns = inferColumns(csv);
      const rows = readCsvRows(columns, csv);
      const head = await tables.create(checkName('table', name), columns, rows);
      return {
        inserted: rows.length,
        ...(rows.length === 0 ? {} : { first_row: 1, last_row: rows.length }),
        row_count: rows.length,
        columns: head.columns.map(describeColumn),
      };
    }
    const { head, result } = await tables.change(name, (table) =>
      appendRows(table, readCsvRows(table.head.columns, csv), (index) =>
        rowLabel(csv.records, index),
      ),
    );
    return {
      ...result,
      row_count: rowCountOf(head),
      columns: head.columns.map(describeColumn),
    };
  },
};
