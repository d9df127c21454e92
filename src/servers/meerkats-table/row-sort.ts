/**
 * Sorting by several columns, made total by the row number: two rows never tie, so a page boundary is
 * one exact place. Nulls come last in both directions.
 */
import { comparable, compare, type Comparable } from './cell-values.js';
import { MAX_SORT_COLUMNS } from './limits.js';
import { columnRef, type Column, type ColumnRef, type Row } from './table-schema.js';
import { quote, ToolProblem } from './tool-problem.js';

export interface SortTerm {
  readonly ref: ColumnRef;
  readonly descending: boolean;
}

/** A row's place in an order: what each term compares, then the row number. */
export interface SortPosition {
  readonly keys: readonly Comparable[];
  readonly id: number;
}

export interface PlacedRow extends SortPosition {
  readonly row: Row;
}

/** Checks `sort: [{column, direction}]`. Absent means by row number. */
export function parseSort(columns: readonly Column[], sort: unknown): SortTerm[] {
  if (sort === undefined) return [];
  if (!Array.isArray(sort) || sort.length > MAX_SORT_COLUMNS) {
    throw new ToolProblem(
      `"sort" is a list of at most ${MAX_SORT_COLUMNS} terms such as {"column":"age","direction":"desc"}.`,
    );
  }
  return sort.map((term: unknown) => parseTerm(columns, term));
}

/** Sorts; the input stays as it was. */
export function sortRows(rows: readonly Row[], terms: readonly SortTerm[]): PlacedRow[] {
  const placed = rows.map((row) => ({
    row,
    id: row.id,
    keys: terms.map(({ ref }) => comparable(ref.type, ref.read(row))),
  }));
  return placed.sort((a, b) => comparePositions(terms, a, b));
}

export function comparePositions(
  terms: readonly SortTerm[],
  a: SortPosition,
  b: SortPosition,
): number {
  for (const [index, term] of terms.entries()) {
    const order = compareKeys(a.keys[index] ?? null, b.keys[index] ?? null, term.descending);
    if (order !== 0) return order;
  }
  return a.id - b.id;
}

function compareKeys(a: Comparable, b: Comparable, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return descending ? compare(b, a) : compare(a, b);
}

function parseTerm(columns: readonly Column[], term: unknown): SortTerm {
  if (typeof term !== 'object' || term === null || Array.isArray(term)) {
    throw new ToolProblem(
      `A sort term is an object such as {"column":"age","direction":"desc"}, got ${quote(term)}.`,
    );
  }
  const fields = new Map<string, unknown>(Object.entries(term));
  const direction = fields.get('direction') ?? 'asc';
  for (const key of fields.keys()) {
    if (key !== 'column' && key !== 'direction') {
      throw new ToolProblem(`A sort term has "column" and "direction", not ${quote(key)}.`);
    }
  }
  const ref = columnRef(columns, fields.get('column'));
  if (ref.type === 'json') {
    throw new ToolProblem(`Cannot sort by "${ref.name}": json values have no order.`);
  }
  if (direction !== 'asc' && direction !== 'desc') {
    throw new ToolProblem(
      `Sort by "${ref.name}": direction is "asc" or "desc", got ${quote(direction)}.`,
    );
  }
  return { ref, descending: direction === 'desc' };
}
