/**
 * Between CSV text and typed cells. Reading into a known column coerces; for a new table the narrowest
 * type that every value of a column fits is inferred. Digits that a number would lose (leading zeros,
 * integers past 2^53) keep a column text: they are identifiers, not quantities.
 */
import { canonicalDate, DATE_SHAPE } from './calendar-date.js';
import { parseCell, type Cell, type ColumnType, type Parsed } from './cell-values.js';
import type { CsvField } from './csv.js';
import { quote } from './tool-problem.js';

// No two quantifiers can match the same digit, so matching stays linear.
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const LEADING_ZERO = /^[+-]?0\d/;
const INTEGER = /^[+-]?\d+$/;
const FORMULA_START = /^[=+\-@\t\r]/;

const TRUE_WORDS = new Set(['true', 'yes', 'y', 't', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'n', 'f', '0']);

/** An empty unquoted field is null; in every type but text, so is an empty quoted one. */
export function readCsvCell(type: ColumnType, field: CsvField): Parsed<Cell> {
  if (type === 'text') {
    return field.text === '' && !field.isQuoted
      ? { ok: true, value: null }
      : parseCell('text', field.text);
  }
  const text = field.text.trim();
  if (text === '') return { ok: true, value: null };
  switch (type) {
    case 'number':
      return readNumber(text);
    case 'boolean':
      return readBoolean(text);
    case 'date':
      return canonicalDate(text) === null
        ? { ok: false, problem: `expected ${DATE_SHAPE}, got ${quote(text)}` }
        : parseCell('date', text);
    case 'json':
      return readJson(text);
  }
}

/** The cell as CSV text; `readCsvCell` of the same type gives it back. */
export function writeCsvCell(type: ColumnType, cell: Cell): string | null {
  if (cell === null) return null;
  return type !== 'json' && typeof cell === 'string' ? cell : JSON.stringify(cell);
}

/** Spreadsheets run text that starts like a formula; a leading apostrophe stops them. */
export function neutraliseFormula(text: string): string {
  return FORMULA_START.test(text) ? `'${text}` : text;
}

/** The type of a new column, from all of its fields. A column without any value is text. */
export function inferType(fields: readonly CsvField[]): ColumnType {
  const texts = fields.map((field) => field.text.trim()).filter((text) => text !== '');
  if (texts.length === 0) return 'text';
  if (texts.every((text) => /^(true|false)$/i.test(text))) return 'boolean';
  if (texts.every((text) => !LEADING_ZERO.test(text) && readNumber(text).ok)) return 'number';
  if (texts.every((text) => canonicalDate(text) !== null)) return 'date';
  if (texts.every((text) => /^[[{]/.test(text) && readJson(text).ok)) return 'json';
  return 'text';
}

function readNumber(text: string): Parsed<Cell> {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value))
    return { ok: false, problem: `expected a number, got ${quote(text)}` };
  // Kept when it prints back the same: then it came from such a number.
  if (INTEGER.test(text) && !Number.isSafeInteger(value) && String(value) !== text) {
    return {
      ok: false,
      problem: `${quote(text)} would lose digits as a number; keep it in a text column`,
    };
  }
  return parseCell('number', value);
}

function readBoolean(text: string): Parsed<Cell> {
  const word = text.toLowerCase();
  if (TRUE_WORDS.has(word)) return { ok: true, value: true };
  if (FALSE_WORDS.has(word)) return { ok: true, value: false };
  return { ok: false, problem: `expected true or false, got ${quote(text)}` };
}

function readJson(text: string): Parsed<Cell> {
  try {
    return parseCell('json', JSON.parse(text));
  } catch {
    return { ok: false, problem: `expected JSON text, got ${quote(text)}` };
  }
}
