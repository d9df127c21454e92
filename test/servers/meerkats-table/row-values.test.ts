import t from 'tap';
import {
  assign,
  parseAssignments,
  parseRows,
} from '../../../src/servers/meerkats-table/row-values.js';
import { column } from './support/columns.js';

const COLUMNS = [
  column('name', 'text', { required: true }),
  column('age', 'number'),
  column('kind', 'text', { default: 'person' }),
];

t.test(
  'objects become cells in column order; what is left out takes the default, a given null stays',
  (t) => {
    const rows = parseRows(COLUMNS, [
      { AGE: 36, name: 'Ada' },
      { name: 'x', kind: null },
    ]);
    t.strictSame(rows, [
      ['Ada', 36, 'person'],
      ['x', null, null],
    ]);
    t.end();
  },
);

t.test('all problems of all rows are told at once', (t) => {
  const rows = [
    { name: 'ok' },
    { age: '5', nmae: 'x' },
    'text',
    { name: null },
    { name: 'a', Name: 'b' },
  ];
  t.throws(() => parseRows(COLUMNS, rows), {
    name: 'ToolProblem',
    message: [
      'Nothing was written. Correct these and send all rows again:',
      '- row 2: column "age": expected a number, got "5"',
      '- row 2: No column "nmae". Did you mean "name"? Columns: name, age, kind.',
      '- row 3: expected an object of column names and values, got "text"',
      '- row 4: column "name" is required',
      '- row 5: column "name" is given twice',
    ].join('\n'),
  });
  t.end();
});

t.test('a key that would reach the prototype is just an unknown column', (t) => {
  const row: unknown = JSON.parse('{"name":"a","__proto__":{"age":1}}');
  t.throws(() => parseRows(COLUMNS, [row]), { message: /row 1: No column "__proto__"/ });
  t.end();
});

t.test('a row has a bound of its own', (t) => {
  const wide = Array.from({ length: 9 }, (_, index) => column(`c${index}`, 'text'));
  const row = Object.fromEntries(wide.map(({ name }) => [name, 'x'.repeat(64 * 1024)]));
  t.throws(() => parseRows(wide, [row]), { message: /a row holds at most 524288/ });
  const assignments = parseAssignments(wide, row);
  const small = { id: 3, cells: wide.map(() => null) };
  t.throws(() => assign(small, assignments), {
    message: /^Nothing was changed: _row 3: is \d+ bytes/,
  });
  t.end();
});

t.test('assignments replace some cells and leave the row as it was', (t) => {
  const row = { id: 1, cells: ['Ada', 36, 'person'] };
  const changed = assign(row, parseAssignments(COLUMNS, { Age: null, kind: 'pioneer' }));
  t.strictSame(changed, { id: 1, cells: ['Ada', null, 'pioneer'] });
  t.strictSame(row.cells, ['Ada', 36, 'person']);
  t.end();
});

t.test('what is wrong with assignments is said', (t) => {
  t.throws(() => parseAssignments(COLUMNS, {}), { message: /names no column/ });
  t.throws(() => parseAssignments(COLUMNS, undefined), { message: /got nothing/ });
  t.throws(() => parseAssignments(COLUMNS, { name: null }), {
    message: /"name" is required and cannot be set to null/,
  });
  t.throws(() => parseAssignments(COLUMNS, { age: 'x' }), {
    message: /column "age": expected a number/,
  });
  t.throws(() => parseAssignments(COLUMNS, { _row: 1 }), { message: /No column "_row"/ });
  t.end();
});
