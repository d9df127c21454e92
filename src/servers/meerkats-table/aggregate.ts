/**
 * Aggregates with grouping. The outcome is a small table of its own (columns and rows), so sorting and
 * paging work on it as on stored rows. Groups come in the order of their columns, nulls last.
 */
import { comparable, compare, COLUMN_TYPES, type Cell, type ColumnType } from './cell-values.js';
import { MAX_AGGREGATES, MAX_GROUP_COLUMNS } from './limits.js';
import { didYouMean } from './nearest-name.js';
import { sortRows } from './row-sort.js';
import {
  checkName,
  columnRef,
  isSameName,
  type Column,
  type ColumnRef,
  type Row,
} from './table-schema.js';
import { quote, ToolProblem } from './tool-problem.js';

export const AGGREGATE_FUNCTIONS = ['count', 'sum', 'avg', 'min', 'max'] as const;
type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

interface Aggregate {
  readonly fn: AggregateFunction;
  /** Null: the whole row, for count. */
  readonly ref: ColumnRef | null;
  readonly output: Column;
}

export interface Grouping {
  readonly groupBy: readonly ColumnRef[];
  readonly aggregates: readonly Aggregate[];
  /** Group columns, then one per aggregate. */
  readonly columns: readonly Column[];
}

const EXAMPLE = '{"fn":"sum","column":"price","as":"total"}';
const AGGREGATE_KEYS = ['fn', 'column', 'as'];

/** Null when the query asks for rows. `group_by` alone counts the rows of each group. */
export function parseGrouping(
  columns: readonly Column[],
  groupBy: unknown,
  aggregates: unknown,
): Grouping | null {
  if (groupBy === undefined && aggregates === undefined) return null;
  const groups = listOf('group_by', groupBy ?? [], MAX_GROUP_COLUMNS).map((name) =>
    columnRef(columns, name),
  );
  const wanted = listOf('aggregates', aggregates ?? [{ fn: 'count' }], MAX_AGGREGATES);
  if (groups.length + wanted.length === 0) {
    throw new ToolProblem(`"aggregates" is empty; give at least one such as ${EXAMPLE}.`);
  }
  const outputs = groups.map((ref) => outputColumn(ref.name, ref.type));
  const parsed = wanted.map((item) => parseAggregate(columns, item));
  for (const { output } of parsed) {
    if (outputs.some(({ name }) => isSameName(name, output.name))) {
      throw new ToolProblem(
        `Two outputs are called "${output.name}"; give one another name with "as".`,
      );
    }
    outputs.push(output);
  }
  return { groupBy: groups, aggregates: parsed, columns: outputs };
}

/** One row per group; without group columns exactly one row, even of no rows. */
export function aggregateRows(grouping: Grouping, rows: readonly Row[]): Row[] {
  const groups = new Map<string, Row[]>();
  if (grouping.groupBy.length === 0) groups.set('', [...rows]);
  else {
    for (const row of rows) {
      const key = groupKey(grouping.groupBy, row);
      const members = groups.get(key);
      if (members === undefined) groups.set(key, [row]);
      else members.push(row);
    }
  }
  const unsorted = [...groups.values()].map((members, index) => ({
    id: index + 1,
    cells: [
      // Every member reads alike here; a day and its midnight may differ in spelling, then the first stands.
      ...grouping.groupBy.map((ref) => firstCell(ref, members)),
      ...grouping.aggregates.map((aggregate) => evaluate(aggregate, members)),
    ],
  }));
  const terms = grouping.groupBy.flatMap((ref, index) =>
    ref.type === 'json'
      ? []
      : [{ ref: { ...ref, read: (row: Row) => row.cells[index] ?? null }, descending: false }],
  );
  // Numbered anew, so that an order of the caller's own falls back to this one on ties.
  return sortRows(unsorted, terms).map(({ row }, index) => ({ id: index + 1, cells: row.cells }));
}

function listOf(name: string, value: unknown, max: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= max) return value;
  throw new ToolProblem(`"${name}" is a list of at most ${max}, got ${quote(value)}.`);
}

function parseAggregate(columns: readonly Column[], item: unknown): Aggregate {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new ToolProblem(`An aggregate is an object such as ${EXAMPLE}, got ${quote(item)}.`);
  }
  const fields = new Map<string, unknown>(Object.entries(item));
  for (const key of fields.keys()) {
    if (AGGREGATE_KEYS.includes(key)) continue;
    throw new ToolProblem(
      `An aggregate has no ${quote(key)}.${didYouMean(key, AGGREGATE_KEYS)} Write ${EXAMPLE}.`,
    );
  }
  const name = fields.get('fn');
  const fn = AGGREGATE_FUNCTIONS.find((known) => known === name);
  if (fn === undefined) {
    throw new ToolProblem(
      `Unknown aggregate ${quote(name)}.${didYouMean(name, AGGREGATE_FUNCTIONS)} Aggregates: ${AGGREGATE_FUNCTIONS.join(', ')}.`,
    );
  }
  const ref = fields.has('column') ? columnRef(columns, fields.get('column')) : null;
  if (fn === 'count') return { fn, ref, output: outputFor(fields, ref, 'count', 'number') };
  if (ref === null) {
    throw new ToolProblem(`"${fn}" needs a "column", such as {"fn":"${fn}","column":"price"}.`);
  }
  const isSum = fn === 'sum' || fn === 'avg';
  const allowed = COLUMN_TYPES.filter((type) => (isSum ? type === 'number' : type !== 'json'));
  if (!allowed.includes(ref.type)) {
    throw new ToolProblem(
      `"${fn}" works on ${allowed.join(', ')} columns; "${ref.name}" is ${ref.type}.`,
    );
  }
  return { fn, ref, output: outputFor(fields, ref, fn, isSum ? 'number' : ref.type) };
}

function outputFor(
  fields: ReadonlyMap<string, unknown>,
  ref: ColumnRef | null,
  fn: AggregateFunction,
  type: ColumnType,
): Column {
  const alias = fields.get('as');
  if (alias !== undefined) return outputColumn(checkName('column', alias), type);
  return outputColumn(ref === null ? fn : `${fn}_${ref.name}`, type);
}

function outputColumn(name: string, type: ColumnType): Column {
  return { name, type, required: false, unique: false, default: null, fill: null };
}

function groupKey(groupBy: readonly ColumnRef[], row: Row): string {
  return JSON.stringify(groupBy.map((ref) => comparable(ref.type, ref.read(row))));
}

function firstCell(ref: ColumnRef, members: readonly Row[]): Cell {
  const [first] = members;
  return first === undefined ? null : ref.read(first);
}

/** Nulls are left out everywhere; of no values, sum, avg, min and max are null. */
function evaluate({ fn, ref }: Aggregate, rows: readonly Row[]): Cell {
  if (ref === null) return rows.length;
  const cells = rows.map((row) => ref.read(row)).filter((cell) => cell !== null);
  switch (fn) {
    case 'count':
      return cells.length;
    case 'sum':
      return cells.length === 0 ? null : finite(compensatedSum(cells));
    case 'avg':
      return cells.length === 0 ? null : finite(compensatedSum(cells) / cells.length);
    case 'min':
      return extreme(ref.type, cells, -1);
    case 'max':
      return extreme(ref.type, cells, 1);
  }
}

function extreme(type: ColumnType, cells: readonly Cell[], sign: 1 | -1): Cell {
  let best: Cell = null;
  let bestKey: string | number | null = null;
  for (const cell of cells) {
    const key = comparable(type, cell);
    if (key !== null && (bestKey === null || compare(key, bestKey) * sign > 0)) {
      best = cell;
      bestKey = key;
    }
  }
  return best;
}

/** Neumaier's compensated summation (1974): 0.1 ten times is 1, in whatever order rows come. */
function compensatedSum(cells: readonly Cell[]): number {
  let sum = 0;
  let lost = 0;
  for (const cell of cells) {
    if (typeof cell !== 'number') continue;
    const next = sum + cell;
    lost += Math.abs(sum) >= Math.abs(cell) ? sum - next + cell : cell - next + sum;
    sum = next;
  }
  return sum + lost;
}

/** JSON has no infinity; a sum past the largest number is null. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
