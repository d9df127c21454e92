import t from 'tap';
import * as limits from '../../../src/servers/meerkats-table/limits.js';

t.test('the bounds that users are told', (t) => {
  t.match(limits, {
    MAX_TABLES: 100,
    MAX_COLUMNS: 64,
    MAX_ROWS: 10_000,
    MAX_CELL_BYTES: 65_536,
    MAX_INSERT_ROWS: 1_000,
    MAX_IMPORT_BYTES: 1_048_576,
    MAX_PAGE_ROWS: 1_000,
    MAX_NAME_LENGTH: 63,
  });
  t.end();
});

t.test('the largest row fits into a page, and a page of it into memory', (t) => {
  t.ok(limits.MAX_ROW_BYTES < limits.MAX_RESULT_BYTES);
  t.ok(limits.MAX_RESULT_BYTES < limits.MAX_TABLE_BYTES);
  t.ok(6 * limits.MAX_CELL_BYTES < limits.MAX_ROW_BYTES);
  t.end();
});
