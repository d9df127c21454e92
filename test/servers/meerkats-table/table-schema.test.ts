import t from 'tap';
import {
  checkName,
  columnIndex,
  columnRef,
  parseColumn,
  parseColumns,
} from '../../../src/servers/meerkats-table/table-schema.js';
import { column } from './support/columns.js';

t.test('columns are read with their rules; what is left out is off', (t) => {
  const columns = parseColumns([
    { name: 'id', type: 'text', required: true, unique: true },
    { name: 'seen', type: 'date', default: '2026-03-01T01:00:00+01:00' },
  ]);
  t.strictSame(columns, [
    column('id', 'text', { required: true, unique: true }),
    column('seen', 'date', {
      default: '2026-03-01T00:00:00.000Z',
      fill: '2026-03-01T00:00:00.000Z',
    }),
  ]);
  t.end();
});

t.test('names are letters, digits and _, at most 63, and never reach a prototype', (t) => {
  for (const name of ['a', '_', '_a1', 'A'.repeat(63)]) t.equal(checkName('column', name), name);
  for (const name of ['', '1a', 'a b', 'a-b', 'ä', 'a'.repeat(64), 'a\n', 5, null]) {
    t.throws(() => checkName('table', name), { message: /is no table name/ });
  }
  for (const name of ['__proto__', 'constructor', 'prototype', 'Constructor', '_row', '_ROW']) {
    t.throws(() => checkName('column', name), { message: /reserved/ }, name);
  }
  t.end();
});

t.test('what is wrong with a column is said', (t) => {
  const cases: [unknown, RegExp][] = [
    ['name', /A column is an object such as .* got "name"/],
    [{ name: 'a b', type: 'text' }, /"a b" is no column name/],
    [{ name: 'a' }, /Column "a": type nothing is unknown\. Types: text, number/],
    [{ name: 'a', type: 'boolan' }, /Did you mean "boolean"\?/],
    [
      { name: 'a', type: 'text', requird: true },
      /unknown setting "requird"\. Did you mean "required"\?/,
    ],
    [{ name: 'a', type: 'text', unique: 'yes' }, /unique is true or false, got "yes"/],
    [{ name: 'a', type: 'json', unique: true }, /cannot be unique/],
    [{ name: 'a', type: 'number', default: '0' }, /default: expected a number, got "0"/],
    [{ name: 'a', type: 'text', default: 'x'.repeat(1023) }, /at most 1024 bytes/],
    [{ name: 'B', type: 'text' }, /Column "B" clashes with "b"/],
  ];
  for (const [definition, message] of cases) {
    t.throws(() => parseColumn(definition, [column('b', 'text')]), {
      message,
      name: 'ToolProblem',
    });
  }
  t.throws(() => parseColumns([]), { message: /at least one column/ });
  t.end();
});

t.test('a table has 64 columns at most', (t) => {
  const definitions = Array.from({ length: 65 }, (_, index) => ({
    name: `c${index}`,
    type: 'text',
  }));
  t.equal(parseColumns(definitions.slice(0, 64)).length, 64);
  t.throws(() => parseColumns(definitions), { message: /at most 64 columns/ });
  t.end();
});

t.test('columns are found whatever the letter case, and read their cell', (t) => {
  const columns = [column('Name', 'text'), column('age', 'number')];
  t.equal(columnIndex(columns, 'AGE'), 1);
  t.equal(columnIndex(columns, 'toString'), -1);
  const row = { id: 7, cells: ['Ada', 36] };
  t.equal(columnRef(columns, 'name').read(row), 'Ada');
  t.equal(columnRef(columns, 'name').name, 'Name');
  t.equal(columnRef(columns, '_row').read(row), 7);
  t.equal(columnRef(columns, 'age').read({ id: 8, cells: ['x'] }), null);
  t.throws(() => columnRef(columns, 'aeg'), {
    message: 'No column "aeg". Did you mean "age"? Columns: Name, age.',
  });
  t.throws(() => columnRef(columns, 5), { message: /No column 5\. Columns/ });
  t.end();
});
