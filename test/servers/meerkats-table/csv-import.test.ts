import t from 'tap';
import {
  inferColumns,
  readCsvRows,
  readCsvTable,
  rowLabel,
} from '../../../src/servers/meerkats-table/csv-import.js';
import { column } from './support/columns.js';

const PEOPLE = [
  column('name', 'text', { required: true }),
  column('age', 'number'),
  column('kind', 'text', { default: 'person' }),
];

t.test('headers find their columns in any order and letter case; the rest takes defaults', (t) => {
  const csv = readCsvTable('AGE, name \n36,Ada\n,"Bob ""B"""\n', ',');
  t.strictSame(readCsvRows(PEOPLE, csv), [
    ['Ada', 36, 'person'],
    ['Bob "B"', null, 'person'],
  ]);
  t.end();
});

t.test('an empty field takes the default, empty text stays', (t) => {
  const csv = readCsvTable('name,kind\na,\nb,""\n', ',');
  t.strictSame(readCsvRows(PEOPLE, csv), [
    ['a', null, 'person'],
    ['b', null, ''],
  ]);
  t.end();
});

t.test('all problems are told with row and line', (t) => {
  const csv = readCsvTable('name,age\nAda,36\n"two\nlines",old\n\n,5\nx,y\n', ',');
  t.throws(() => readCsvRows(PEOPLE, csv), {
    name: 'ToolProblem',
    message: [
      'Nothing was imported. Correct these and import again:',
      '- row 2 (line 3): column "age": expected a number, got "old"',
      '- row 3 (line 6): column "name" is required',
      '- row 4 (line 7): column "age": expected a number, got "y"',
    ].join('\n'),
  });
  t.equal(rowLabel(csv.records, 99), 'row 100 (line 0)');
  t.end();
});

t.test('a header that does not fit is told whole', (t) => {
  const csv = readCsvTable('agee,kind,Kind\n1,2,3\n', ',');
  t.throws(() => readCsvRows(PEOPLE, csv), {
    message: [
      'Nothing was imported. The header does not fit:',
      '- No column "agee". Did you mean "age"? Columns: name, age, kind.',
      '- column "kind" appears twice in the header',
      '- the header lacks column "name", which is required',
    ].join('\n'),
  });
  t.end();
});

t.test('rows of another width than the header are told, blank lines are skipped', (t) => {
  t.equal(readCsvTable('a,b\n\n1,2\n\n', ',').records.length, 1);
  t.throws(() => readCsvTable('a,b\n1\n1,2,3\n', ','), {
    message: /row 1 \(line 2\): 1 fields, the header has 2\n- row 2 \(line 3\): 3 fields/,
  });
  t.end();
});

t.test('in a file of one column a blank line is a row without a value', (t) => {
  const csv = readCsvTable('age\r\n\r\n5\r\n', ',');
  t.strictSame(readCsvRows([column('age', 'number')], csv), [[null], [5]]);
  t.end();
});

t.test('what is no CSV, empty, or past a bound is refused', (t) => {
  t.throws(() => readCsvTable('', ','), { message: /is empty; it needs a header row/ });
  t.throws(() => readCsvTable('a\n"b', ','), {
    message: /this is no CSV: line 2: a quoted field is never closed/,
  });
  t.throws(() => readCsvTable('x'.repeat(1024 * 1024 + 1), ','), {
    message: /is 1048577 bytes; the most is 1048576/,
  });
  t.throws(() => readCsvTable(','.repeat(64), ','), { message: /has 65 columns; the most is 64/ });
  t.throws(() => readCsvTable('a\n' + '1\n'.repeat(10_001), ','), { message: /has 10001 rows/ });
  t.end();
});

t.test('a new table takes names from the headers and types from the values', (t) => {
  const csv = readCsvTable(
    'First name;1st;price (EUR);ok;on;more;_x_;Ümlaut\na;1;2.5;true;2026-01-01;[1];0;007\n',
    ';',
  );
  t.strictSame(
    inferColumns(csv).map(({ name, type }) => [name, type]),
    [
      ['First_name', 'text'],
      ['_1st', 'number'],
      ['price_EUR', 'number'],
      ['ok', 'boolean'],
      ['on', 'date'],
      ['more', 'json'],
      ['_x_', 'number'],
      ['mlaut', 'text'],
    ],
  );
  t.strictSame(readCsvRows(inferColumns(csv), csv), [
    ['a', 1, 2.5, true, '2026-01-01', [1], 0, '007'],
  ]);
  t.end();
});

t.test('headers that give no name, the same name, or a reserved one are refused', (t) => {
  const infer = (header: string) => () => inferColumns(readCsvTable(header, ','));
  t.throws(infer('a,'), { message: /Header "" gives no column name/ });
  t.throws(infer('a,!!'), { message: /Header "!!" gives no column name/ });
  t.throws(infer('a b,A-B'), { message: /Column "A_B" clashes with "a_b"/ });
  t.throws(infer('constructor'), { message: /reserved/ });
  t.throws(infer('_row'), { message: /reserved/ });
  t.equal(inferColumns(readCsvTable('x'.repeat(100), ','))[0]?.name.length, 63);
  t.end();
});
