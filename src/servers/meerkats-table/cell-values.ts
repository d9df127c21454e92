/**
 * What a cell may hold: five column types, each with its check, its canonical form, and what it is
 * compared by. Values are never coerced here ("5" is no number); only CSV text is, in csv-cells.ts.
 */
import { canonicalDate, comparableDate, DATE_SHAPE } from './calendar-date.js';
import { MAX_CELL_BYTES, MAX_JSON_DEPTH } from './limits.js';
import { quote } from './tool-problem.js';

export const COLUMN_TYPES = ['text', 'number', 'boolean', 'date', 'json'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export type Cell =
  null | boolean | number | string | readonly Cell[] | { readonly [key: string]: Cell };

/** A value that was accepted, or the sentence that says why not. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Two cells of one type are equal, less or greater exactly as these are; null stands for an empty cell. */
export type Comparable = string | number | null;

// Half a surrogate pair cannot be written as UTF-8; it would come back as another character.
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Checks one value against a type. Null is always accepted: whether a cell may be empty is the row's matter. */
export function parseCell(type: ColumnType, value: unknown): Parsed<Cell> {
  if (value === null) return accept(null);
  switch (type) {
    case 'text':
      if (typeof value !== 'string') return refuse('text', value);
      return textProblem(value) ?? accept(value);
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return refuse('a number', value);
      // Minus zero would print as 0 yet be another JSON text.
      return accept(value === 0 ? 0 : value);
    case 'boolean':
      return typeof value === 'boolean' ? accept(value) : refuse('true or false', value);
    case 'date': {
      const date = typeof value === 'string' ? canonicalDate(value) : null;
      return date === null ? refuse(DATE_SHAPE, value) : accept(date);
    }
    case 'json':
      return parseJson(value);
  }
}

export function comparable(type: ColumnType, cell: Cell): Comparable {
  if (cell === null) return null;
  if (typeof cell === 'boolean') return type === 'json' ? String(cell) : Number(cell);
  if (type === 'json') return canonicalJson(cell);
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'string') return type === 'date' ? comparableDate(cell) : cell;
  return canonicalJson(cell);
}

/** Less than, equal to or greater than zero. Text goes by UTF-16 code units; nulls are the caller's matter. */
export function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** JSON text with sorted keys: equal values have equal texts. */
export function canonicalJson(cell: Cell): string {
  if (isList(cell)) return `[${cell.map(canonicalJson).join(',')}]`;
  if (cell !== null && typeof cell === 'object') {
    const members = Object.entries(cell).sort(([a], [b]) => compare(a, b));
    return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`).join(',')}}`;
  }
  return JSON.stringify(cell);
}

export function isList(cell: Cell): cell is readonly Cell[] {
  return Array.isArray(cell);
}

/** True for what JSON can carry, nested at most `MAX_JSON_DEPTH` deep. */
export function isJson(value: unknown, depth = 0): value is Cell {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth >= MAX_JSON_DEPTH) return false;
  return Object.values(value).every((member) => isJson(member, depth + 1));
}

function parseJson(value: unknown): Parsed<Cell> {
  if (!isJson(value)) {
    return { ok: false, problem: `expected a JSON value nested at most ${MAX_JSON_DEPTH} deep` };
  }
  // Node escapes lone surrogates in JSON text, so they show as an escape rather than as a character.
  return textProblem(JSON.stringify(value)) ?? accept(value);
}

function textProblem(text: string): Parsed<never> | null {
  if (LONE_SURROGATE.test(text)) {
    return { ok: false, problem: 'the text holds half a surrogate pair, which UTF-8 cannot carry' };
  }
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_CELL_BYTES) return null;
  return { ok: false, problem: `is ${bytes} bytes; a cell holds at most ${MAX_CELL_BYTES}` };
}

function accept(value: Cell): Parsed<Cell> {
  return { ok: true, value };
}

function refuse(expected: string, value: unknown): Parsed<never> {
  return { ok: false, problem: `expected ${expected}, got ${quote(value)}` };
}
