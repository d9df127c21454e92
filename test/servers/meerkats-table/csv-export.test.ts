import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { exportCsv } from '../../../src/servers/meerkats-table/csv-export.js';
import { readCsvRows, readCsvTable } from '../../../src/servers/meerkats-table/csv-import.js';
import type { CsvDelimiter } from '../../../src/servers/meerkats-table/csv.js';
import { columnRef } from '../../../src/servers/meerkats-table/table-schema.js';
import { EVERY_TYPE_ROWS } from './support/cell-arbitraries.js';
import { EVERY_TYPE, rowsOf } from './support/columns.js';
import { holds } from './support/holds.js';

const ALL = EVERY_TYPE.map(({ name }) => columnRef(EVERY_TYPE, name));
const PLAIN = { delimiter: ',', isSpreadsheetSafe: false } as const;

t.test('what is exported imports again as it was, whatever the cells and the delimiter', (t) => {
  holds(
    t,
    fc.property(
      EVERY_TYPE_ROWS,
      fc.constantFrom<CsvDelimiter>(',', ';', '\t'),
      (rows, delimiter) => {
        const csv = exportCsv(ALL, rows, { ...PLAIN, delimiter });
        const read = readCsvRows(EVERY_TYPE, readCsvTable(csv, delimiter));
        assert.deepEqual(
          read,
          rows.map((row) => row.cells),
        );
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

t.test('so does a single column, where a null row is an empty line', (t) => {
  for (const name of ['t', 'n', 'b', 'd', 'j']) {
    holds(
      t,
      fc.property(EVERY_TYPE_ROWS, (rows) => {
        const ref = columnRef(EVERY_TYPE, name);
        const columns = EVERY_TYPE.filter((column) => column.name === name);
        const read = readCsvRows(columns, readCsvTable(exportCsv([ref], rows, PLAIN), ','));
        assert.deepEqual(
          read,
          rows.map((row) => [ref.read(row)]),
        );
      }),
    );
  }
  t.end();
});

t.test('the literal text', (t) => {
  const rows = rowsOf(
    ['a,"b"', 1.5, true, '2026-01-01', { x: [1] }],
    ['', null, false, null, 'text'],
  );
  t.equal(
    exportCsv(ALL, rows, PLAIN),
    't,n,b,d,j\r\n"a,""b""",1.5,true,2026-01-01,"{""x"":[1]}"\r\n"",,false,,"""text"""\r\n',
  );
  t.end();
});

t.test('formulas are disarmed on request, in text only', (t) => {
  const rows = rowsOf(['=1+1', -5]);
  const columns = ALL.slice(0, 2);
  t.equal(exportCsv(columns, rows, { ...PLAIN, isSpreadsheetSafe: true }), "t,n\r\n'=1+1,-5\r\n");
  t.equal(exportCsv(columns, rows, PLAIN), 't,n\r\n=1+1,-5\r\n');
  t.end();
});

t.test('past its bound an export says how many rows would have fit', (t) => {
  const rows = rowsOf(...Array.from({ length: 40 }, () => ['x'.repeat(60_000)]));
  t.throws(() => exportCsv(ALL.slice(0, 1), rows, PLAIN), {
    name: 'ToolProblem',
    message: /of 40 rows exceeds 1048576 bytes; 17 rows fit\. Use export_csv with "limit"/,
  });
  t.end();
});
