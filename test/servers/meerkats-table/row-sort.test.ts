import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  comparePositions,
  parseSort,
  sortRows,
} from '../../../src/servers/meerkats-table/row-sort.js';
import { ToolProblem } from '../../../src/servers/meerkats-table/tool-problem.js';
import { EVERY_TYPE_ROWS } from './support/cell-arbitraries.js';
import { EVERY_TYPE, rowsOf } from './support/columns.js';
import { holds } from './support/holds.js';

const SORT = fc.array(
  fc.record({
    column: fc.constantFrom('t', 'n', 'b', 'd', '_row'),
    direction: fc.constantFrom('asc', 'desc'),
  }),
  { maxLength: 3 },
);

t.test('the order is total: of any two rows exactly one comes first, and chains hold', (t) => {
  holds(
    t,
    fc.property(SORT, EVERY_TYPE_ROWS, (sort, rows) => {
      const terms = parseSort(EVERY_TYPE, sort);
      const sorted = sortRows(rows, terms);
      for (const [i, a] of sorted.entries()) {
        for (const [j, b] of sorted.entries()) {
          assert.equal(Math.sign(comparePositions(terms, a, b)), Math.sign(i - j));
        }
      }
    }),
  );
  t.end();
});

t.test('sorting is stable: rows that tie keep the order of insertion, in both directions', (t) => {
  holds(
    t,
    fc.property(SORT, EVERY_TYPE_ROWS, fc.nat(), (sort, rows, seed) => {
      const terms = parseSort(EVERY_TYPE, sort);
      const sorted = sortRows(rows, terms);
      for (const [index, row] of sorted.entries()) {
        const next = sorted[index + 1];
        if (next === undefined) break;
        if (JSON.stringify(row.keys) === JSON.stringify(next.keys)) assert(row.id < next.id);
      }
      // Whatever order the rows come in, the outcome is the same, and nothing is lost.
      const rotated = [
        ...rows.slice(seed % (rows.length + 1)),
        ...rows.slice(0, seed % (rows.length + 1)),
      ];
      assert.deepEqual(sortRows(rotated, terms), sorted);
      assert.equal(sorted.length, rows.length);
    }),
  );
  t.end();
});

t.test('nulls come last in both directions', (t) => {
  const rows = rowsOf([null, null], ['a', 1], ['b', 2]);
  const order = (direction: string): number[] =>
    sortRows(rows, parseSort(EVERY_TYPE, [{ column: 'n', direction }])).map(({ id }) => id);
  t.strictSame(order('asc'), [2, 3, 1]);
  t.strictSame(order('desc'), [3, 2, 1]);
  t.end();
});

t.test('several terms decide one after the other', (t) => {
  const rows = rowsOf(['b', 1], ['a', 1], ['a', 2]);
  const terms = parseSort(EVERY_TYPE, [{ column: 'T' }, { column: 'n', direction: 'desc' }]);
  t.strictSame(
    sortRows(rows, terms).map(({ id }) => id),
    [3, 2, 1],
  );
  t.end();
});

t.test('what is wrong with a sort is said', (t) => {
  const cases: [unknown, RegExp][] = [
    ['t', /"sort" is a list of at most 8/],
    [Array.from({ length: 9 }, () => ({ column: 't' })), /at most 8/],
    [['t'], /A sort term is an object such as .* got "t"/],
    [[{ column: 'x' }], /No column "x"/],
    [[{ column: 'j' }], /json values have no order/],
    [[{ column: 't', direction: 'down' }], /"asc" or "desc", got "down"/],
    [[{ column: 't', order: 'asc' }], /not "order"/],
  ];
  for (const [sort, message] of cases) {
    t.throws(() => parseSort(EVERY_TYPE, sort), { message, name: 'ToolProblem' });
  }
  t.throws(() => parseSort(EVERY_TYPE, [null]), ToolProblem);
  t.end();
});
