import {
  FILTER_ARGUMENT,
  PROJECTION_ARGUMENT,
  READS,
  SORT_ARGUMENT,
  TABLE_ARGUMENT,
} from '../argument-schemas.js';
import { exportCsv as toCsv } from '../csv-export.js';
import { MAX_RESULT_BYTES, MAX_ROWS } from '../limits.js';
import { matchingRows } from '../matching-rows.js';
import { parseFilter } from '../row-filter.js';
import { parseProjection } from '../row-selection.js';
import { parseSort, sortRows } from '../row-sort.js';
import type { TableTool } from '../table-tool.js';
import { DELIMITER_ARGUMENT, readDelimiter } from './csv-arguments.js';

export const exportCsv: TableTool = {
  name: 'export_csv',
  title: 'Export CSV',
  description: `Returns rows as CSV text (RFC 4180, header first, CRLF line ends), at most ${MAX_RESULT_BYTES} bytes. Null is an empty field, empty text is "". import_csv reads it back unchanged.`,
  input: {
    table: TABLE_ARGUMENT,
    filter: FILTER_ARGUMENT,
    columns: PROJECTION_ARGUMENT,
    sort: SORT_ARGUMENT,
    limit: { type: 'integer', minimum: 1, maximum: MAX_ROWS, description: 'Default: all rows.' },
    offset: { type: 'integer', minimum: 0, description: 'Rows to skip. Default 0.' },
    delimiter: DELIMITER_ARGUMENT,
    spreadsheet_safe: {
      type: 'boolean',
      description:
        'Put an apostrophe before text that a spreadsheet would run as a formula. Default false.',
    },
  },
  required: ['table'],
  annotations: READS,
  async run({ args, tables, context }) {
    const table = await tables.read(args.text('table'));
    const { columns } = table.head;
    const shown = parseProjection(columns, args.value('columns'), 'all');
    const terms = parseSort(columns, args.value('sort'));
    const matches = parseFilter(columns, args.value('filter'));
    const offset = args.integer('offset', { min: 0, max: MAX_ROWS, absent: 0 });
    const limit = args.integer('limit', { min: 1, max: MAX_ROWS, absent: MAX_ROWS });
    const style = {
      delimiter: readDelimiter(args),
      isSpreadsheetSafe: args.flag('spreadsheet_safe'),
    };
    const found = await matchingRows(table.rows, matches, context.signal);
    const page = sortRows(found, terms).slice(offset, offset + limit);
    return toCsv(
      shown,
      page.map(({ row }) => row),
      style,
    );
  },
};
