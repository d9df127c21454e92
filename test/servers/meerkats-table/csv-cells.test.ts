import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { COLUMN_TYPES, type ColumnType } from '../../../src/servers/meerkats-table/cell-values.js';
import {
  inferType,
  neutraliseFormula,
  readCsvCell,
  writeCsvCell,
} from '../../../src/servers/meerkats-table/csv-cells.js';
import { cellOf } from './support/cell-arbitraries.js';
import { holds } from './support/holds.js';

function read(type: ColumnType, text: string, isQuoted = false): unknown {
  const parsed = readCsvCell(type, { text, isQuoted });
  return parsed.ok ? parsed.value : parsed.problem;
}

t.test('every cell of every type reads back as it was', (t) => {
  for (const type of COLUMN_TYPES) {
    holds(
      t,
      fc.property(cellOf(type), (cell) => {
        const text = writeCsvCell(type, cell);
        const field = { text: text ?? '', isQuoted: text === '' };
        assert.deepEqual(readCsvCell(type, field), { ok: true, value: cell });
      }),
    );
  }
  t.end();
});

t.test('an empty field is null; quoted it is empty text, in text columns only', (t) => {
  t.equal(read('text', ''), null);
  t.equal(read('text', '', true), '');
  t.equal(read('number', '', true), null);
  t.equal(read('number', '  '), null);
  t.end();
});

t.test('numbers, booleans, dates and JSON are read from what people write', (t) => {
  t.equal(read('number', ' +1.50 '), 1.5);
  t.equal(read('number', '-0'), 0);
  t.equal(read('number', '.5e1'), 5);
  for (const word of ['true', 'YES', 'y', 'T', '1']) t.equal(read('boolean', word), true);
  for (const word of ['false', 'No', 'n', 'F', '0']) t.equal(read('boolean', word), false);
  t.equal(read('date', '2026-03-01 10:00'), '2026-03-01T10:00:00.000Z');
  t.strictSame(read('json', '{"a":[1]}'), { a: [1] });
  t.end();
});

t.test('what is not of the type is refused with what it was', (t) => {
  t.match(read('number', '1,5'), /expected a number, got "1,5"/);
  t.match(read('number', '1e999'), /expected a number/);
  t.match(read('number', '0x10'), /expected a number/);
  t.match(read('number', '9007199254740993'), /would lose digits/);
  t.match(read('boolean', 'maybe'), /true or false/);
  t.match(read('date', '01.03.2026'), /ISO 8601/);
  t.match(read('json', '{a}'), /expected JSON text/);
  t.end();
});

t.test('the inferred type is the narrowest that every value fits', (t) => {
  const cases: [string[], ColumnType][] = [
    [[], 'text'],
    [['', ' '], 'text'],
    [['true', '', 'False'], 'boolean'],
    [['1', '-2.5', '1e3'], 'number'],
    [['1', '0'], 'number'],
    [['2026-01-01', '2026-01-01T10:00:00Z'], 'date'],
    [['[1]', '{"a":1}'], 'json'],
    [['0123', '1'], 'text'],
    [['12345678901234567891', '1'], 'text'],
    [['1', 'x'], 'text'],
    [['true', '1'], 'text'],
  ];
  for (const [fields, type] of cases) {
    const inferred = inferType(fields.map((text) => ({ text, isQuoted: false })));
    t.equal(inferred, type, JSON.stringify(fields));
  }
  t.end();
});

t.test('text that a spreadsheet would run gets an apostrophe', (t) => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx'])
    t.equal(neutraliseFormula(text), `'${text}`);
  t.equal(neutraliseFormula('a=1'), 'a=1');
  t.end();
});
