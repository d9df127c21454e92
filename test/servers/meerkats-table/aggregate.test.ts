import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { aggregateRows, parseGrouping } from '../../../src/servers/meerkats-table/aggregate.js';
import type { Cell } from '../../../src/servers/meerkats-table/cell-values.js';
import { EVERY_TYPE_ROWS } from './support/cell-arbitraries.js';
import { EVERY_TYPE, rowsOf } from './support/columns.js';
import { holds } from './support/holds.js';

function run(
  cells: readonly (readonly Cell[])[],
  aggregates: unknown,
  groupBy?: unknown,
): { names: string[]; rows: readonly (readonly Cell[])[] } {
  const grouping = parseGrouping(EVERY_TYPE, groupBy, aggregates);
  assert(grouping !== null);
  const rows = aggregateRows(grouping, rowsOf(...cells));
  return { names: grouping.columns.map(({ name }) => name), rows: rows.map((row) => row.cells) };
}

t.test('a query without group_by and aggregates asks for rows', (t) => {
  t.equal(parseGrouping(EVERY_TYPE, undefined, undefined), null);
  t.end();
});

t.test('aggregates leave nulls out', (t) => {
  const all = [
    { fn: 'count' },
    { fn: 'count', column: 'n' },
    { fn: 'sum', column: 'n' },
    { fn: 'avg', column: 'n', as: 'mean' },
    { fn: 'min', column: 't' },
    { fn: 'max', column: 'd' },
    { fn: 'max', column: 'b' },
  ];
  const cells = [
    ['b', 1, true, '2026-01-01'],
    ['a', null, false, '2026-01-01T00:00:00.001Z'],
    [null, 4, null, null],
  ];
  const { names, rows } = run(cells, all);
  t.strictSame(names, ['count', 'count_n', 'sum_n', 'mean', 'min_t', 'max_d', 'max_b']);
  t.strictSame(rows, [[3, 2, 5, 2.5, 'a', '2026-01-01T00:00:00.001Z', true]]);
  t.end();
});

t.test('of no rows there is one row: count 0, the rest null', (t) => {
  const { rows } = run(
    [],
    [
      { fn: 'count' },
      { fn: 'sum', column: 'n' },
      { fn: 'avg', column: 'n' },
      { fn: 'min', column: 'd' },
    ],
  );
  t.strictSame(rows, [[0, null, null, null]]);
  t.strictSame(run([], undefined, ['t']).rows, []);
  t.end();
});

t.test('groups come in the order of their columns, nulls last', (t) => {
  const { names, rows } = run(
    [
      ['b', 1],
      [null, 2],
      ['a', 3],
      ['b', 4],
    ],
    [{ fn: 'sum', column: 'n' }],
    ['T'],
  );
  t.strictSame(names, ['t', 'sum_n']);
  t.strictSame(rows, [
    ['a', 3],
    ['b', 5],
    [null, 2],
  ]);
  t.end();
});

t.test('group_by alone counts; a day and its midnight are one group; json groups by value', (t) => {
  t.strictSame(run([['a'], ['a']], undefined, ['t']).rows, [['a', 2]]);
  const days = [
    [null, null, null, '2026-01-01'],
    [null, null, null, '2026-01-01T00:00:00.000Z'],
  ];
  t.strictSame(run(days, undefined, ['d']).rows, [['2026-01-01', 2]]);
  const values = [
    [null, null, null, null, { a: 1, b: 2 }],
    [null, null, null, null, { b: 2, a: 1 }],
  ];
  t.strictSame(run(values, undefined, ['j']).rows, [[{ a: 1, b: 2 }, 2]]);
  t.end();
});

t.test('null, the text "null" and false are three groups', (t) => {
  t.equal(run([[null], ['null'], ['false']], undefined, ['t']).rows.length, 3);
  t.end();
});

t.test('a sum is compensated, and null past the largest number', (t) => {
  const tenths = Array.from({ length: 10 }, () => [null, 0.1]);
  t.strictSame(run(tenths, [{ fn: 'sum', column: 'n' }]).rows, [[1]]);
  t.strictSame(
    run(
      [
        [null, 1e100],
        [null, 1],
        [null, -1e100],
      ],
      [{ fn: 'sum', column: 'n' }],
    ).rows,
    [[1]],
  );
  t.strictSame(
    run(
      [
        [null, 1.7e308],
        [null, 1.7e308],
      ],
      [{ fn: 'sum', column: 'n' }],
    ).rows,
    [[null]],
  );
  t.end();
});

t.test('groups split the rows: their counts add up and each is counted where it belongs', (t) => {
  const columns = fc.uniqueArray(fc.constantFrom('t', 'n', 'b', 'd', 'j'), {
    minLength: 1,
    maxLength: 3,
  });
  holds(
    t,
    fc.property(EVERY_TYPE_ROWS, columns, (rows, groupBy) => {
      const grouping = parseGrouping(EVERY_TYPE, groupBy, [
        { fn: 'count', as: 'rows' },
        { fn: 'min', column: '_row', as: 'first' },
      ]);
      assert(grouping !== null);
      const groups = aggregateRows(grouping, rows);
      const counts = groups.map((group) => Number(group.cells[groupBy.length]));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        rows.length,
      );
      for (const [index, group] of groups.entries()) {
        // The smallest row number of a group belongs to no other group.
        const first = group.cells[groupBy.length + 1];
        const others = groups.filter((_, at) => at !== index);
        assert(others.every((other) => other.cells[groupBy.length + 1] !== first));
        assert.equal(group.id, index + 1);
      }
    }),
  );
  t.end();
});

t.test('what is wrong with aggregates is said', (t) => {
  const cases: [unknown, unknown, RegExp][] = [
    ['count', undefined, /"aggregates" is a list/],
    [[], undefined, /"aggregates" is empty/],
    [['count'], undefined, /An aggregate is an object/],
    [[{ fn: 'average', column: 'n' }], undefined, /Unknown aggregate "average"/],
    [[{ fn: 'cnt' }], undefined, /Did you mean "count"/],
    [[{ fn: 'sum', col: 'n' }], undefined, /no "col"/],
    [[{ fn: 'sum' }], undefined, /"sum" needs a "column"/],
    [[{ fn: 'sum', column: 't' }], undefined, /"sum" works on number columns; "t" is text/],
    [[{ fn: 'max', column: 'j' }], undefined, /"max" works on text, number, boolean, date columns/],
    [[{ fn: 'count', as: '__proto__' }], undefined, /reserved/],
    [[{ fn: 'count', as: 'T' }], ['t'], /Two outputs are called "T"/],
    [[{ fn: 'count' }, { fn: 'count' }], undefined, /Two outputs are called "count"/],
    [undefined, 't', /"group_by" is a list of at most 8/],
    [undefined, ['x'], /No column "x"/],
    [Array.from({ length: 17 }, () => ({ fn: 'count' })), undefined, /at most 16/],
  ];
  for (const [aggregates, groupBy, message] of cases) {
    t.throws(() => parseGrouping(EVERY_TYPE, groupBy, aggregates), {
      message,
      name: 'ToolProblem',
    });
  }
  t.end();
});
