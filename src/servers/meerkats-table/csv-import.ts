/**
 * From CSV text to checked cells of a table: the header finds the columns, every field is coerced, and
 * all problems are gathered with their row and line before anything is refused. Headers of a new table
 * become names (`First name` → `First_name`), and finding a column applies the same rule.
 */
import type { Cell } from './cell-values.js';
import { inferType, readCsvCell } from './csv-cells.js';
import {
  CsvSyntaxError,
  parseCsv,
  type CsvDelimiter,
  type CsvField,
  type CsvRecord,
} from './csv.js';
import { MAX_COLUMNS, MAX_IMPORT_BYTES, MAX_NAME_LENGTH, MAX_ROWS } from './limits.js';
import { completeRow } from './row-values.js';
import {
  columnIndex,
  NAME_PATTERN,
  parseColumns,
  unknownColumn,
  type Column,
} from './table-schema.js';
import { listProblems, quote, ToolProblem } from './tool-problem.js';

export interface CsvTable {
  readonly headers: readonly string[];
  readonly records: readonly CsvRecord[];
}

/** Splits the text; refuses what is no CSV, too long, or ragged. */
export function readCsvTable(text: string, delimiter: CsvDelimiter): CsvTable {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_IMPORT_BYTES) {
    throw new ToolProblem(
      `The CSV text is ${bytes} bytes; the most is ${MAX_IMPORT_BYTES}. Import it in parts, each with the header row.`,
    );
  }
  const [header, ...rest] = parseRecords(text, delimiter);
  if (header === undefined) throw new ToolProblem('The CSV text is empty; it needs a header row.');
  const headers = header.fields.map((field) => field.text.trim());
  if (headers.length > MAX_COLUMNS) {
    throw new ToolProblem(`The CSV has ${headers.length} columns; the most is ${MAX_COLUMNS}.`);
  }
  // In a file of one column an empty line is a row without a value; elsewhere it is nothing.
  const records = headers.length === 1 ? rest : rest.filter((record) => !isBlank(record));
  if (records.length > MAX_ROWS) {
    throw new ToolProblem(`The CSV has ${records.length} rows; a table holds at most ${MAX_ROWS}.`);
  }
  const ragged = records.flatMap((record, index) =>
    record.fields.length === headers.length
      ? []
      : [
          `${rowLabel(records, index)}: ${record.fields.length} fields, the header has ${headers.length}`,
        ],
  );
  if (ragged.length > 0)
    throw listProblems('Nothing was imported. Rows do not fit the header:', ragged);
  return { headers, records };
}

/** Columns for a new table: names from the headers, types from the values. */
export function inferColumns({ headers, records }: CsvTable): Column[] {
  return parseColumns(
    headers.map((header, index) => ({
      name: toColumnName(header),
      type: inferType(records.map((record) => fieldAt(record, index))),
    })),
  );
}

/** The cells of every row in column order; throws one ToolProblem that lists all problems. */
export function readCsvRows(columns: readonly Column[], csv: CsvTable): Cell[][] {
  const places = findColumns(columns, csv.headers);
  const problems: string[] = [];
  const rows = csv.records.map((record, index) => {
    const given = new Map<number, Cell>();
    const problemsBefore = problems.length;
    const report = (problem: string): void => {
      problems.push(`${rowLabel(csv.records, index)}: ${problem}`);
    };
    places.forEach((place, at) => {
      const column = columns[place];
      if (column === undefined) return;
      const cell = readCsvCell(column.type, fieldAt(record, at));
      if (!cell.ok) report(`column "${column.name}": ${cell.problem}`);
      // An empty field of a column with a default means "not given", as in insert_rows.
      else if (cell.value !== null || column.default === null) given.set(place, cell.value);
    });
    // A wrong value must not be reported a second time as a missing one.
    return problems.length > problemsBefore ? [] : completeRow(columns, given, report);
  });
  if (problems.length > 0) {
    throw listProblems('Nothing was imported. Correct these and import again:', problems);
  }
  return rows;
}

/** How texts name a row of the file: counted without the header, and its line. */
export function rowLabel(records: readonly CsvRecord[], index: number): string {
  return `row ${index + 1} (line ${records[index]?.line ?? 0})`;
}

function parseRecords(text: string, delimiter: CsvDelimiter): CsvRecord[] {
  try {
    return parseCsv(text, delimiter);
  } catch (error) {
    if (!(error instanceof CsvSyntaxError)) throw error;
    throw new ToolProblem(`Nothing was imported: this is no CSV: ${error.message}.`);
  }
}

function findColumns(columns: readonly Column[], headers: readonly string[]): number[] {
  const problems: string[] = [];
  const places = headers.map((header) => {
    const exact = columnIndex(columns, header);
    const place = exact === -1 ? columnIndex(columns, toColumnName(header)) : exact;
    if (place === -1) problems.push(unknownColumn(columns, header));
    return place;
  });
  places.forEach((place, index) => {
    if (place !== -1 && places.indexOf(place) < index) {
      problems.push(`column "${columns[place]?.name ?? ''}" appears twice in the header`);
    }
  });
  columns.forEach((column, place) => {
    if (column.required && column.default === null && !places.includes(place)) {
      problems.push(`the header lacks column "${column.name}", which is required`);
    }
  });
  if (problems.length > 0)
    throw listProblems('Nothing was imported. The header does not fit:', problems);
  return places;
}

function toColumnName(header: string): string {
  if (new RegExp(NAME_PATTERN).test(header)) return header;
  const letters = header.slice(0, MAX_NAME_LENGTH * 4).replace(/[^A-Za-z0-9_]+/g, '_');
  const trimmed = letters.replace(/^_(?=.)/, '').replace(/(?<=.)_$/, '');
  if (!/[A-Za-z0-9]/.test(trimmed)) {
    throw new ToolProblem(
      `Header ${quote(header)} gives no column name: it needs letters or digits.`,
    );
  }
  const name = /^\d/.test(trimmed) ? `_${trimmed}` : trimmed;
  return name.slice(0, MAX_NAME_LENGTH);
}

function isBlank(record: CsvRecord): boolean {
  const [field, ...others] = record.fields;
  return others.length === 0 && field?.text === '' && !field.isQuoted;
}

function fieldAt(record: CsvRecord, index: number): CsvField {
  return record.fields[index] ?? { text: '', isQuoted: false };
}
