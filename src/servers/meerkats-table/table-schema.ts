/**
 * A table's columns as a user declares them, and how a name given in a call finds its column. Names
 * keep their letter case and match whatever the case, so two of them may not differ by case alone.
 */
import { COLUMN_TYPES, parseCell, type Cell, type ColumnType } from './cell-values.js';
import { MAX_COLUMNS, MAX_DEFAULT_BYTES, MAX_NAME_LENGTH } from './limits.js';
import { didYouMean } from './nearest-name.js';
import { quote, ToolProblem } from './tool-problem.js';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Refuses null. */
  readonly required: boolean;
  /** No two rows hold the same value; nulls do not count. */
  readonly unique: boolean;
  /** Taken where a new row leaves the column out; null for none. */
  readonly default: Cell;
  /** What rows older than the column hold in it. */
  readonly fill: Cell;
}

export interface Row {
  /** Given once, in order of insertion, from 1; never used again. */
  readonly id: number;
  /** One per column, in the order of the columns. */
  readonly cells: readonly Cell[];
}

/** What a query may name: a column, or the row's own number. */
export interface ColumnRef {
  readonly name: string;
  readonly type: ColumnType;
  read(row: Row): Cell;
}

/** The name under which queries see a row's number. */
export const ROW_NUMBER = '_row';

export const NAME_PATTERN = `^[A-Za-z_][A-Za-z0-9_]{0,${MAX_NAME_LENGTH - 1}}$`;
const NAME = new RegExp(NAME_PATTERN);
// As keys of a result object these would reach the prototype in a careless reader.
const REFUSED_NAMES = new Set([ROW_NUMBER, '__proto__', 'constructor', 'prototype']);
const DEFINITION_KEYS = ['name', 'type', 'required', 'unique', 'default'];

/** Returns the name when a table or column may have it. */
export function checkName(kind: 'table' | 'column', name: unknown): string {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new ToolProblem(
      `${quote(name)} is no ${kind} name: use letters, digits and _, at most ${MAX_NAME_LENGTH}, not starting with a digit.`,
    );
  }
  if (REFUSED_NAMES.has(name.toLowerCase())) {
    throw new ToolProblem(`"${name}" is reserved; choose another ${kind} name.`);
  }
  return name;
}

/** The columns of a new table. */
export function parseColumns(definitions: readonly unknown[]): Column[] {
  if (definitions.length === 0) throw new ToolProblem('A table needs at least one column.');
  const columns: Column[] = [];
  for (const definition of definitions) columns.push(parseColumn(definition, columns));
  return columns;
}

/** One column to stand beside those present. Its fill is its default. */
export function parseColumn(definition: unknown, present: readonly Column[]): Column {
  if (present.length >= MAX_COLUMNS) {
    throw new ToolProblem(`A table has at most ${MAX_COLUMNS} columns.`);
  }
  const fields = definitionFields(definition);
  const name = checkName('column', fields.get('name'));
  const clash = present.find((column) => isSameName(column.name, name));
  if (clash !== undefined) {
    throw new ToolProblem(
      `Column "${name}" clashes with "${clash.name}"; letter case does not tell names apart.`,
    );
  }
  const type = parseType(name, fields.get('type'));
  const required = parseFlag(name, 'required', fields.get('required'));
  const unique = parseFlag(name, 'unique', fields.get('unique'));
  if (unique && type === 'json') {
    throw new ToolProblem(
      `Column "${name}": a json column cannot be unique; keep the identifying part in a column of its own.`,
    );
  }
  const preset = parseDefault(name, type, fields.get('default') ?? null);
  return { name, type, required, unique, default: preset, fill: preset };
}

/** The column's place, or -1. */
export function columnIndex(columns: readonly Column[], name: string): number {
  return columns.findIndex((column) => isSameName(column.name, name));
}

/** Finds what a query names, `_row` included. */
export function columnRef(columns: readonly Column[], name: unknown): ColumnRef {
  if (name === ROW_NUMBER) return { name: ROW_NUMBER, type: 'number', read: (row) => row.id };
  const index = typeof name === 'string' ? columnIndex(columns, name) : -1;
  const column = columns[index];
  if (column === undefined) throw new ToolProblem(unknownColumn(columns, name));
  return { name: column.name, type: column.type, read: (row) => row.cells[index] ?? null };
}

export function unknownColumn(columns: readonly Column[], name: unknown): string {
  const names = columns.map((column) => column.name);
  return `No column ${quote(name)}.${didYouMean(name, names)} Columns: ${names.join(', ')}.`;
}

/** Case-insensitive equality of two names; both are ASCII where they can match. */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function definitionFields(definition: unknown): Map<string, unknown> {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) {
    throw new ToolProblem(
      `A column is an object such as {"name":"price","type":"number"}, got ${quote(definition)}.`,
    );
  }
  const fields = new Map<string, unknown>(Object.entries(definition));
  for (const key of fields.keys()) {
    if (DEFINITION_KEYS.includes(key)) continue;
    throw new ToolProblem(
      `Column ${quote(fields.get('name'))}: unknown setting ${quote(key)}.${didYouMean(key, DEFINITION_KEYS)} Settings: ${DEFINITION_KEYS.join(', ')}.`,
    );
  }
  return fields;
}

function parseType(name: string, type: unknown): ColumnType {
  const known = COLUMN_TYPES.find((candidate) => candidate === type);
  if (known !== undefined) return known;
  throw new ToolProblem(
    `Column "${name}": type ${quote(type)} is unknown.${didYouMean(type, COLUMN_TYPES)} Types: ${COLUMN_TYPES.join(', ')}.`,
  );
}

function parseDefault(name: string, type: ColumnType, value: unknown): Cell {
  const parsed = parseCell(type, value);
  if (!parsed.ok) throw new ToolProblem(`Column "${name}": default: ${parsed.problem}.`);
  if (Buffer.byteLength(JSON.stringify(parsed.value)) > MAX_DEFAULT_BYTES) {
    throw new ToolProblem(`Column "${name}": a default holds at most ${MAX_DEFAULT_BYTES} bytes.`);
  }
  return parsed.value;
}

function parseFlag(name: string, setting: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new ToolProblem(`Column "${name}": ${setting} is true or false, got ${quote(value)}.`);
}
