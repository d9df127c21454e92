import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  CsvSyntaxError,
  formatRecord,
  parseCsv,
  type CsvDelimiter,
} from '../../../src/servers/meerkats-table/csv.js';
import { holds } from './support/holds.js';

function texts(csv: string, delimiter?: CsvDelimiter): string[][] {
  return parseCsv(csv, delimiter).map(({ fields }) => fields.map(({ text }) => text));
}

t.test('what is written reads back, null and empty text told apart', (t) => {
  const field = fc.option(
    fc.oneof(
      fc.constantFrom(
        '',
        '"',
        '""',
        ',',
        ';',
        '\t',
        '\r',
        '\n',
        '\r\n',
        ' a ',
        '\uFEFFx',
        'é',
        '😀',
      ),
      fc.string({ unit: 'grapheme' }),
    ),
    { nil: null },
  );
  const table = fc.integer({ min: 1, max: 5 }).chain((width) =>
    fc.array(fc.array(field, { minLength: width, maxLength: width }), {
      maxLength: 20,
      size: 'max',
    }),
  );
  holds(
    t,
    fc.property(table, fc.constantFrom<CsvDelimiter>(',', ';', '\t'), (rows, delimiter) => {
      const csv = rows.map((row) => formatRecord(row, delimiter)).join('');
      const read = parseCsv(csv, delimiter).map(({ fields }) =>
        fields.map(({ text, isQuoted }) => (text === '' && !isQuoted ? null : text)),
      );
      assert.deepEqual(read, rows);
    }),
  );
  t.end();
});

t.test('any line ending ends a record, with or without one at the end', (t) => {
  const expected = [
    ['a', 'b'],
    ['1', '2'],
  ];
  for (const csv of ['a,b\r\n1,2\r\n', 'a,b\n1,2', 'a,b\r1,2\r', '\uFEFFa,b\n1,2\n']) {
    t.strictSame(texts(csv), expected, JSON.stringify(csv));
  }
  t.strictSame(texts(''), []);
  t.end();
});

t.test('a blank line is a record of one empty field', (t) => {
  t.strictSame(texts('a\n\nb\n'), [['a'], [''], ['b']]);
  t.end();
});

t.test('a record tells the line it starts on, past line breaks inside quotes', (t) => {
  const lines = parseCsv('h\n"two\r\nlines\nmore"\nlast').map(({ line }) => line);
  t.strictSame(lines, [1, 2, 5]);
  t.end();
});

t.test('a quote inside an unquoted field is a quote', (t) => {
  t.strictSame(texts('5" pipe,x'), [['5" pipe', 'x']]);
  t.end();
});

t.test('an unclosed quote and text after a closing quote are refused with their line', (t) => {
  t.throws(
    () => parseCsv('a\n"b\nc'),
    new CsvSyntaxError('line 2: a quoted field is never closed'),
  );
  t.throws(() => parseCsv('a\n"b"c'), { message: /^line 2: text follows a closing quote/ });
  t.end();
});

t.test('fields that readers would trim or mistake are quoted', (t) => {
  t.equal(formatRecord([' a', 'b ', '\uFEFFc', '', null, 'd']), '" a","b ","\uFEFFc","",,d\r\n');
  t.end();
});
