import t from 'tap';
import {
  parseProjection,
  selectForChange,
} from '../../../src/servers/meerkats-table/row-selection.js';
import { ToolArguments } from '../../../src/servers/meerkats-table/tool-arguments.js';
import { column, rowsOf } from './support/columns.js';

const COLUMNS = [column('a', 'text'), column('b', 'number')];

function select(values: Record<string, unknown>): number[] {
  const matches = selectForChange(COLUMNS, new ToolArguments(values, ['filter', 'all']));
  return rowsOf(['x', 1], ['y', 2])
    .filter(matches)
    .map(({ id }) => id);
}

t.test('a change needs a filter or the word that all rows are meant, and not both', (t) => {
  const filter = { column: 'a', op: 'eq', value: 'y' };
  t.strictSame(select({ filter }), [2]);
  t.strictSame(select({ filter, all: false }), [2]);
  t.strictSame(select({ all: true }), [1, 2]);
  const both = { message: 'Give either a "filter", or "all": true to mean every row.' };
  for (const values of [{}, { all: false }, { filter: null }, { filter, all: true }]) {
    t.throws(() => select(values), both, JSON.stringify(values));
  }
  t.end();
});

t.test('a projection names each column once; absent it means all', (t) => {
  const names = (value: unknown, absent: 'all' | 'all and row number' = 'all'): string[] =>
    parseProjection(COLUMNS, value, absent).map(({ name }) => name);
  t.strictSame(names(undefined), ['a', 'b']);
  t.strictSame(names(undefined, 'all and row number'), ['_row', 'a', 'b']);
  t.strictSame(names(['B', '_row', 'a']), ['b', '_row', 'a']);
  t.throws(() => names('a'), { message: /"columns" is a list of column names, got "a"/ });
  t.throws(() => names([]), { message: /"columns" is a list/ });
  t.throws(() => names(Array.from({ length: 66 }, () => 'a')), { message: /"columns" is a list/ });
  t.throws(() => names(['a', 'A']), { message: /names "a" twice/ });
  t.throws(() => names(['c']), { message: /No column "c"/ });
  t.end();
});
