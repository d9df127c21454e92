/** Rows as CSV text (RFC 4180) with a header, up to a bound of bytes. */
import { neutraliseFormula, writeCsvCell } from './csv-cells.js';
import { formatRecord, type CsvDelimiter } from './csv.js';
import { MAX_RESULT_BYTES } from './limits.js';
import type { ColumnRef, Row } from './table-schema.js';
import { ToolProblem } from './tool-problem.js';

export interface CsvStyle {
  readonly delimiter: CsvDelimiter;
  /** Text that starts like a formula gets an apostrophe; such a file no longer imports unchanged. */
  readonly isSpreadsheetSafe: boolean;
}

/** Throws ToolProblem past the bound, saying how many rows would have fit. */
export function exportCsv(
  columns: readonly ColumnRef[],
  rows: readonly Row[],
  style: CsvStyle,
): string {
  const header = columns.map((column) => column.name);
  const records = [formatRecord(header, style.delimiter)];
  let bytes = Buffer.byteLength(records[0] ?? '');
  for (const [index, row] of rows.entries()) {
    const record = formatRecord(
      columns.map((column) => field(column, row, style)),
      style.delimiter,
    );
    bytes += Buffer.byteLength(record);
    if (bytes > MAX_RESULT_BYTES) {
      throw new ToolProblem(
        `The CSV text of ${rows.length} rows exceeds ${MAX_RESULT_BYTES} bytes; ${index} rows fit. Use export_csv with "limit" and "offset", fewer columns or a filter.`,
      );
    }
    records.push(record);
  }
  return records.join('');
}

function field(column: ColumnRef, row: Row, style: CsvStyle): string | null {
  const text = writeCsvCell(column.type, column.read(row));
  const isText = text !== null && column.type === 'text';
  return isText && style.isSpreadsheetSafe ? neutraliseFormula(text) : text;
}
