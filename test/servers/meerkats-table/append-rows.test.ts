import t from 'tap';
import { appendRows } from '../../../src/servers/meerkats-table/append-rows.js';
import type { Row } from '../../../src/servers/meerkats-table/table-schema.js';
import type { Table } from '../../../src/servers/meerkats-table/table-storage.js';
import { column } from './support/columns.js';

const COLUMNS = [column('mail', 'text', { unique: true })];

function tableOf(rows: readonly Row[], nextRow: number): Table {
  return { head: { id: '1-t', name: 't', columns: COLUMNS, nextRow, chunks: [] }, rows };
}

const label = (index: number): string => `row ${index + 1}`;

t.test('new rows get the next numbers, also after rows were deleted', (t) => {
  const edit = appendRows(tableOf([{ id: 2, cells: ['a'] }], 5), [['b'], ['c']], label);
  t.strictSame(edit.rows, [
    { id: 2, cells: ['a'] },
    { id: 5, cells: ['b'] },
    { id: 6, cells: ['c'] },
  ]);
  t.equal(edit.nextRow, 7);
  t.strictSame(edit.result, { inserted: 2, first_row: 5, last_row: 6 });
  t.strictSame(appendRows(tableOf([], 5), [], label).result, { inserted: 0 });
  t.end();
});

t.test('clashes are told in the words of the caller for new rows, by number for old ones', (t) => {
  const table = tableOf([{ id: 2, cells: ['a'] }], 5);
  t.throws(() => appendRows(table, [['b'], ['a'], ['b']], label), {
    message: [
      'Nothing was written. Values clash:',
      '- column "mail" is unique, but "a" would be in _row 2 of the table and row 2',
      '- column "mail" is unique, but "b" would be in row 1 and row 3',
    ].join('\n'),
  });
  t.end();
});

t.test('a table holds ten thousand rows', (t) => {
  const rows = Array.from({ length: 9_999 }, (_, index) => ({ id: index + 1, cells: [null] }));
  t.equal(appendRows(tableOf(rows, 10_000), [[null]], label).rows?.length, 10_000);
  t.throws(() => appendRows(tableOf(rows, 10_000), [[null], [null]], label), {
    message: /has 9999 rows and 2 more would exceed 10000/,
  });
  t.end();
});
