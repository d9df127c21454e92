import t from 'tap';
import { uniqueProblems } from '../../../src/servers/meerkats-table/unique-values.js';
import { column, rowsOf } from './support/columns.js';

const COLUMNS = [
  column('mail', 'text', { unique: true }),
  column('day', 'date', { unique: true }),
  column('n', 'number'),
];

function problems(...cells: readonly (readonly (string | number | null)[])[]): string[] {
  return uniqueProblems(COLUMNS, rowsOf(...cells), (row) => `row ${row.id}`);
}

t.test('equal values of a unique column clash, nulls and other columns do not', (t) => {
  t.strictSame(problems(['a', null, 1], ['b', null, 1], [null, null, 1], [null, null, 1]), []);
  t.strictSame(problems(['a', null, 1], ['a', null, 2]), [
    'column "mail" is unique, but "a" would be in row 1 and row 2',
  ]);
  t.end();
});

t.test('dates clash by instant, text by every letter', (t) => {
  t.equal(problems([null, '2026-01-01', 1], [null, '2026-01-01T00:00:00.000Z', 1]).length, 1);
  t.strictSame(problems(['a', null, 1], ['A', null, 1]), []);
  t.end();
});
