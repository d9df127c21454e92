/**
 * Filters: conditions `{column, op, value}` joined by and/or/not, compiled to one predicate. Logic is
 * two-valued: a null cell fails lt, lte, gt, gte, contains and starts_with, equals only null, and
 * `not` turns whatever came out around. There are no patterns, so no input can make matching slow.
 */
import { comparable, compare, isList, parseCell, type Cell } from './cell-values.js';
import { MAX_FILTER_DEPTH, MAX_FILTER_TERMS, MAX_IN_VALUES, MAX_SEARCH_LENGTH } from './limits.js';
import { didYouMean } from './nearest-name.js';
import { columnRef, type Column, type ColumnRef, type Row } from './table-schema.js';
import { quote, ToolProblem } from './tool-problem.js';

export type RowPredicate = (row: Row) => boolean;

export const FILTER_OPERATORS = [
  'eq',
  'ne',
  'lt',
  'lte',
  'gt',
  'gte',
  'in',
  'contains',
  'starts_with',
  'is_null',
] as const;
type Operator = (typeof FILTER_OPERATORS)[number];

const EXAMPLE = '{"column":"age","op":"gte","value":18}, {"and":[…]}, {"or":[…]} or {"not":{…}}';
const CONDITION_KEYS = ['column', 'op', 'value', 'ignore_case'];

interface Condition {
  readonly ref: ColumnRef;
  readonly op: Operator;
  readonly value: unknown;
  readonly ignoreCase: boolean;
}

/** Compiles a filter; throws ToolProblem with what is wrong. An absent filter matches every row. */
export function parseFilter(columns: readonly Column[], filter: unknown): RowPredicate {
  if (filter === undefined) return () => true;
  let terms = 0;

  function parseNode(node: unknown, depth: number): RowPredicate {
    terms += 1;
    if (terms > MAX_FILTER_TERMS || depth > MAX_FILTER_DEPTH) {
      throw new ToolProblem(
        `The filter is too large: at most ${MAX_FILTER_TERMS} terms, nested at most ${MAX_FILTER_DEPTH} deep. For a long or of one column use "in".`,
      );
    }
    const fields = filterFields(node);
    if (fields.has('column') || fields.has('op')) return parseCondition(columns, fields);
    const [key, value] = onlyMember(node, fields);
    if (key === 'not') {
      const inner = parseNode(value, depth + 1);
      return (row) => !inner(row);
    }
    if (!Array.isArray(value) || value.length === 0) {
      throw new ToolProblem(`Filter "${key}" takes a list of at least one filter.`);
    }
    const parts = value.map((part: unknown) => parseNode(part, depth + 1));
    return key === 'and'
      ? (row) => parts.every((part) => part(row))
      : (row) => parts.some((part) => part(row));
  }

  return parseNode(filter, 1);
}

function filterFields(node: unknown): Map<string, unknown> {
  if (typeof node === 'object' && node !== null && !Array.isArray(node)) {
    return new Map<string, unknown>(Object.entries(node));
  }
  throw new ToolProblem(`A filter is an object such as ${EXAMPLE}; got ${quote(node)}.`);
}

function onlyMember(node: unknown, fields: Map<string, unknown>): ['and' | 'or' | 'not', unknown] {
  const [key, value] = [...fields][0] ?? [];
  if (fields.size === 1 && (key === 'and' || key === 'or' || key === 'not')) return [key, value];
  throw new ToolProblem(`Cannot read the filter ${quote(node)}. Write ${EXAMPLE}.`);
}

function parseCondition(columns: readonly Column[], fields: Map<string, unknown>): RowPredicate {
  for (const key of fields.keys()) {
    if (CONDITION_KEYS.includes(key)) continue;
    throw new ToolProblem(
      `A filter condition has no ${quote(key)}.${didYouMean(key, CONDITION_KEYS)} Write ${EXAMPLE}.`,
    );
  }
  const ref = columnRef(columns, fields.get('column'));
  const op = FILTER_OPERATORS.find((known) => known === fields.get('op'));
  if (op === undefined) {
    throw new ToolProblem(
      `Filter on "${ref.name}": unknown op ${quote(fields.get('op'))}.${didYouMean(fields.get('op'), FILTER_OPERATORS)} Ops: ${FILTER_OPERATORS.join(', ')}.`,
    );
  }
  if (!fields.has('value') && op !== 'is_null') {
    throw new ToolProblem(`Filter on "${ref.name}": "${op}" needs a "value".`);
  }
  const ignoreCase = fields.get('ignore_case') ?? false;
  if (typeof ignoreCase !== 'boolean' || (ignoreCase && ref.type !== 'text')) {
    throw new ToolProblem(
      `Filter on "${ref.name}": ignore_case is true or false, and true only on text columns.`,
    );
  }
  return compileCondition({ ref, op, value: fields.get('value'), ignoreCase });
}

function compileCondition(condition: Condition): RowPredicate {
  const { ref, op, value } = condition;
  const key = keyReader(condition);
  switch (op) {
    case 'eq':
    case 'ne': {
      const wanted = key(operand(condition, value));
      return op === 'eq'
        ? (row) => key(ref.read(row)) === wanted
        : (row) => key(ref.read(row)) !== wanted;
    }
    case 'in': {
      if (!Array.isArray(value) || value.length > MAX_IN_VALUES) {
        throw new ToolProblem(
          `Filter on "${ref.name}": "in" takes a list of at most ${MAX_IN_VALUES} values.`,
        );
      }
      const wanted = new Set(value.map((member: unknown) => key(operand(condition, member))));
      return (row) => wanted.has(key(ref.read(row)));
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return compileOrder(condition, op);
    case 'contains':
      return compileContains(condition);
    case 'starts_with': {
      const start = textOperand(condition);
      return (row) => {
        const cell = key(ref.read(row));
        return typeof cell === 'string' && cell.startsWith(start);
      };
    }
    case 'is_null': {
      if (value !== undefined && typeof value !== 'boolean') {
        throw new ToolProblem(`Filter on "${ref.name}": "is_null" takes true or false.`);
      }
      const wantsNull = value !== false;
      return (row) => (ref.read(row) === null) === wantsNull;
    }
  }
}

function compileOrder(condition: Condition, op: 'lt' | 'lte' | 'gt' | 'gte'): RowPredicate {
  const { ref } = condition;
  if (ref.type === 'json' || condition.ignoreCase) {
    throw new ToolProblem(
      `Filter on "${ref.name}": "${op}" needs an ordered column and no ignore_case; ${ref.type} offers eq, ne, in, contains, is_null.`,
    );
  }
  const limit = comparable(ref.type, operand(condition, condition.value));
  if (limit === null) {
    throw new ToolProblem(
      `Filter on "${ref.name}": "${op}" cannot compare with null; use is_null.`,
    );
  }
  return (row) => {
    const cell = comparable(ref.type, ref.read(row));
    if (cell === null) return false;
    const order = compare(cell, limit);
    if (order === 0) return op === 'lte' || op === 'gte';
    return order < 0 === (op === 'lt' || op === 'lte');
  };
}

/** Text inside text, or an element inside a JSON list. */
function compileContains(condition: Condition): RowPredicate {
  const { ref } = condition;
  const key = keyReader(condition);
  if (ref.type === 'json') {
    const element = key(operand(condition, condition.value));
    return (row) => {
      const cell = ref.read(row);
      return isList(cell) && cell.some((member) => key(member) === element);
    };
  }
  const part = textOperand(condition);
  return (row) => {
    const cell = key(ref.read(row));
    return typeof cell === 'string' && cell.includes(part);
  };
}

function keyReader(condition: Condition): (cell: Cell) => string | number | null {
  const { type } = condition.ref;
  if (!condition.ignoreCase) return (cell) => comparable(type, cell);
  return (cell) => (typeof cell === 'string' ? cell.toLowerCase() : null);
}

function operand(condition: Condition, value: unknown): Cell {
  const parsed = parseCell(condition.ref.type, value);
  if (parsed.ok) return parsed.value;
  throw new ToolProblem(
    `Filter on "${condition.ref.name}" (${condition.ref.type}), "${condition.op}": ${parsed.problem}.`,
  );
}

function textOperand(condition: Condition): string {
  const { ref, op, value, ignoreCase } = condition;
  if (ref.type !== 'text' || typeof value !== 'string') {
    throw new ToolProblem(
      `Filter on "${ref.name}" (${ref.type}): "${op}" searches text columns for a text value.`,
    );
  }
  if (value.length > MAX_SEARCH_LENGTH) {
    throw new ToolProblem(
      `Filter on "${ref.name}": "${op}" looks for at most ${MAX_SEARCH_LENGTH} characters.`,
    );
  }
  return ignoreCase ? value.toLowerCase() : value;
}
