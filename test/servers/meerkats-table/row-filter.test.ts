import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  canonicalJson,
  type Cell,
  type ColumnType,
} from '../../../src/servers/meerkats-table/cell-values.js';
import { parseFilter } from '../../../src/servers/meerkats-table/row-filter.js';
import type { Row } from '../../../src/servers/meerkats-table/table-schema.js';
import { ToolProblem } from '../../../src/servers/meerkats-table/tool-problem.js';
import { cellOf, EVERY_TYPE_ROWS } from './support/cell-arbitraries.js';
import { EVERY_TYPE, rowsOf } from './support/columns.js';
import { holds } from './support/holds.js';

interface Condition {
  readonly column: string;
  readonly op: string;
  readonly value?: unknown;
  readonly ignore_case?: boolean;
}
type Filter =
  | Condition
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter };

const TYPES: Readonly<Record<string, ColumnType>> = {
  t: 'text',
  n: 'number',
  b: 'boolean',
  d: 'date',
  j: 'json',
};

/** The documented meaning, written as plainly as possible: no keys, no compiling. */
function matches(filter: Filter, row: Row): boolean {
  if ('and' in filter) return filter.and.every((part) => matches(part, row));
  if ('or' in filter) return filter.or.some((part) => matches(part, row));
  if ('not' in filter) return !matches(filter.not, row);
  const type = TYPES[filter.column];
  assert(type !== undefined);
  const cell = row.cells[Object.keys(TYPES).indexOf(filter.column)] ?? null;
  const fold = (value: unknown): unknown =>
    filter.ignore_case === true && typeof value === 'string' ? value.toLowerCase() : value;
  const equal = (a: Cell, b: Cell): boolean => {
    if (a === null || b === null) return a === b;
    if (type === 'date') return new Date(a as string).getTime() === new Date(b as string).getTime();
    return canonicalJson(fold(a) as Cell) === canonicalJson(fold(b) as Cell);
  };
  const { value } = filter;
  const order = (): number => {
    const rank = (x: unknown): number | string =>
      type === 'date' ? new Date(String(x)).getTime() : (x as number | string);
    const [a, b] = [rank(cell), rank(value)];
    return a < b ? -1 : Number(a > b);
  };
  switch (filter.op) {
    case 'eq':
      return equal(cell, value as Cell);
    case 'ne':
      return !equal(cell, value as Cell);
    case 'in':
      return (value as Cell[]).some((member) => equal(cell, member));
    case 'lt':
      return cell !== null && order() < 0;
    case 'lte':
      return cell !== null && order() <= 0;
    case 'gt':
      return cell !== null && order() > 0;
    case 'gte':
      return cell !== null && order() >= 0;
    case 'contains':
      return Array.isArray(cell)
        ? cell.some((member) => equal(member as Cell, value as Cell))
        : typeof cell === 'string' &&
            type === 'text' &&
            String(fold(cell)).includes(String(fold(value)));
    case 'starts_with':
      return typeof cell === 'string' && String(fold(cell)).startsWith(String(fold(value)));
    default:
      return (cell === null) === (value !== false);
  }
}

const CONDITION: fc.Arbitrary<Filter> = fc.constantFrom(...Object.keys(TYPES)).chain((name) => {
  const type = TYPES[name] ?? 'text';
  const cell = cellOf(type);
  const present = cell.filter((value) => value !== null);
  const fold =
    type === 'text' ? fc.option(fc.boolean(), { nil: undefined }) : fc.constant(undefined);
  const equality = fc.oneof(
    fc.record({ op: fc.constantFrom('eq', 'ne'), value: cell, ignore_case: fold }),
    fc.record({
      op: fc.constant('in'),
      value: fc.array(cell, { maxLength: 4 }),
      ignore_case: fold,
    }),
  );
  const isNull = fc.record({
    op: fc.constant('is_null'),
    value: fc.constantFrom(true, false, undefined),
    ignore_case: fc.constant(undefined),
  });
  const special =
    type === 'json'
      ? fc.record({ op: fc.constant('contains'), value: cell, ignore_case: fc.constant(undefined) })
      : fc.record({
          op: fc.constantFrom('lt', 'lte', 'gt', 'gte'),
          value: present,
          ignore_case: fc.constant(undefined),
        });
  const search =
    type === 'text'
      ? fc.record({
          op: fc.constantFrom('contains', 'starts_with'),
          value: present,
          ignore_case: fold,
        })
      : equality;
  return fc.oneof(equality, isNull, special, search, search).map(({ op, value, ignore_case }) => ({
    column: name,
    op,
    ...(value === undefined ? {} : { value }),
    ...(ignore_case === undefined ? {} : { ignore_case }),
  }));
});

const { filter: FILTER } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    CONDITION,
    fc.record({ and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
}));

t.test('a filter selects exactly what its plain reading selects', (t) => {
  holds(
    t,
    fc.property(FILTER, EVERY_TYPE_ROWS, (filter, rows) => {
      const predicate = parseFilter(EVERY_TYPE, filter);
      const selected = rows.filter(predicate).map(({ id }) => id);
      const expected = rows.filter((row) => matches(filter, row)).map(({ id }) => id);
      assert.deepEqual(selected, expected);
    }),
    { numRuns: 1000 },
  );
  t.end();
});

function select(filter: unknown, ...cells: readonly (readonly Cell[])[]): number[] {
  return rowsOf(...cells)
    .filter(parseFilter(EVERY_TYPE, filter))
    .map(({ id }) => id);
}

t.test('no filter selects every row', (t) => {
  t.strictSame(select(undefined, ['a'], ['b']), [1, 2]);
  t.end();
});

t.test('the row number and columns in another letter case can be named', (t) => {
  t.strictSame(select({ column: '_row', op: 'gt', value: 1 }, ['a'], ['b']), [2]);
  t.strictSame(select({ column: 'T', op: 'eq', value: 'b' }, ['a'], ['b']), [2]);
  t.end();
});

t.test('starts_with looks at the start, contains anywhere', (t) => {
  const texts = [['bab'], ['abb'], ['BAB']];
  t.strictSame(select({ column: 't', op: 'starts_with', value: 'ab' }, ...texts), [2]);
  t.strictSame(select({ column: 't', op: 'contains', value: 'ab' }, ...texts), [1, 2]);
  const folded = { column: 't', op: 'starts_with', value: 'bA', ignore_case: true };
  t.strictSame(select(folded, ...texts), [1, 3]);
  t.end();
});

t.test('a day equals its midnight in any offset', (t) => {
  const filter = { column: 'd', op: 'eq', value: '2026-01-01T01:00:00+01:00' };
  t.strictSame(
    select(filter, [null, null, null, '2026-01-01'], [null, null, null, '2026-01-02']),
    [1],
  );
  t.end();
});

function problem(filter: unknown): string {
  try {
    parseFilter(EVERY_TYPE, filter);
  } catch (error) {
    assert(error instanceof ToolProblem);
    return error.message;
  }
  throw new Error('the filter was accepted');
}

t.test('what is wrong with a filter is said, with the nearest right word', (t) => {
  const cases: [unknown, RegExp][] = [
    ['t = 1', /A filter is an object such as/],
    [[], /A filter is an object such as/],
    [{}, /Cannot read the filter \{\}/],
    [{ and: [], or: [] }, /Cannot read the filter/],
    [{ t: { eq: 1 } }, /Cannot read the filter/],
    [{ and: [] }, /"and" takes a list of at least one/],
    [{ or: { column: 't' } }, /"or" takes a list/],
    [{ column: 'nope', op: 'eq', value: 1 }, /No column "nope"\. .*Columns: t, n, b, d, j/],
    [{ op: 'eq', value: 1 }, /No column nothing/],
    [{ column: 't', op: 'start_with', value: 1 }, /Did you mean "starts_with"\?/],
    [{ column: 't', op: 'eq', vaule: 1 }, /no "vaule"\. Did you mean "value"\?/],
    [{ column: 't', op: 'eq' }, /"eq" needs a "value"/],
    [
      { column: 'n', op: 'eq', value: '5' },
      /Filter on "n" \(number\), "eq": expected a number, got "5"/,
    ],
    [{ column: 'n', op: 'in', value: 5 }, /"in" takes a list/],
    [
      { column: 'n', op: 'in', value: Array.from({ length: 1001 }, () => 1) },
      /at most 1000 values/,
    ],
    [{ column: 'n', op: 'lt', value: null }, /cannot compare with null; use is_null/],
    [{ column: 'j', op: 'lt', value: 1 }, /needs an ordered column/],
    [{ column: 't', op: 'lt', value: 'a', ignore_case: true }, /no ignore_case/],
    [{ column: 'n', op: 'contains', value: '5' }, /searches text columns/],
    [{ column: 't', op: 'starts_with', value: 5 }, /searches text columns for a text value/],
    [{ column: 't', op: 'contains', value: 'x'.repeat(251) }, /at most 250 characters/],
    [{ column: 't', op: 'is_null', value: 'no' }, /takes true or false/],
    [{ column: 'n', op: 'eq', value: 5, ignore_case: true }, /ignore_case/],
    [{ column: 't', op: 'eq', value: 'a', ignore_case: 1 }, /ignore_case/],
  ];
  for (const [filter, text] of cases) t.match(problem(filter), text);
  t.end();
});

t.test('a filter is bounded in depth and in terms', (t) => {
  const leaf = { column: 't', op: 'is_null' };
  const nested = (depth: number): unknown => (depth === 0 ? leaf : { not: nested(depth - 1) });
  t.strictSame(select(nested(15), ['a']), [1]);
  t.match(problem(nested(16)), /nested at most 16 deep/);
  t.strictSame(select({ and: Array.from({ length: 63 }, () => leaf) }, [null]), [1]);
  t.match(problem({ and: Array.from({ length: 64 }, () => leaf) }), /at most 64 terms/);
  t.end();
});
