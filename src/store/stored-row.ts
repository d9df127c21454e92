/** Typed reading of what a database gave back. A value of another type means damaged data, and says where. */

export type Row = Readonly<Record<string, unknown>>;

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null;
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw unexpected(column, value);
}

export function optionalTextOf(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column);
}

export function integerOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw unexpected(column, value);
}

/** What a column of JSON text says; null where it is empty. JSON's own `null` is damage: nobody writes it. */
export function jsonOf(row: Row, column: string): unknown {
  const text = optionalTextOf(row, column);
  if (text === null) return null;
  const value: unknown = JSON.parse(text);
  if (value === null) throw unexpected(column, value);
  return value;
}

export function toNullableJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function unexpected(column: string, value: unknown): Error {
  return new Error(
    `column ${column} holds an unexpected ${value === null ? 'null' : typeof value}`,
  );
}
