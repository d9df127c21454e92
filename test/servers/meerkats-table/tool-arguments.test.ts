import t from 'tap';
import { ToolArguments } from '../../../src/servers/meerkats-table/tool-arguments.js';

const KNOWN = ['table', 'limit', 'all', 'rows', 'mode'];

function read(values: Record<string, unknown>): ToolArguments {
  return new ToolArguments(values, KNOWN);
}

t.test('arguments come out typed, absent and null ones as what stands for them', (t) => {
  const args = read({ table: 't', limit: 5, all: true, rows: [1], mode: 'b' });
  t.equal(args.text('table'), 't');
  t.equal(args.integer('limit', { min: 1, max: 9, absent: 2 }), 5);
  t.equal(args.flag('all'), true);
  t.strictSame(args.list('rows', { max: 1 }), [1]);
  t.equal(args.choice('mode', ['a', 'b'], 'a'), 'b');
  t.equal(args.value('limit'), 5);
  const none = read({ limit: null, all: null, table: null, mode: null });
  t.equal(none.integer('limit', { min: 1, max: 9, absent: 2 }), 2);
  t.equal(none.flag('all'), false);
  t.equal(none.optionalText('table'), undefined);
  t.equal(none.choice('mode', ['a', 'b'], 'a'), 'a');
  t.equal(none.has('table'), false);
  t.equal(args.has('table'), true);
  t.end();
});

t.test('a wrong argument is named, with what it should be', (t) => {
  t.throws(() => read({ tabel: 't' }), {
    message: /no argument "tabel"\. Did you mean "table"\? Arguments: table, /,
  });
  t.throws(() => new ToolArguments({ a: 1 }, []), { message: /Arguments: none\./ });
  t.throws(() => read({}).text('table'), { message: 'Argument "table" is missing.' });
  t.throws(() => read({ table: 5 }).text('table'), { message: /is a text, got 5/ });
  t.throws(() => read({ all: 'yes' }).flag('all'), { message: /true or false, got "yes"/ });
  for (const limit of [0, 10, 1.5, '5']) {
    const range = { min: 1, max: 9, absent: -1 };
    t.throws(() => read({ limit }).integer('limit', range), {
      message: /whole number from 1 to 9/,
    });
  }
  t.throws(() => read({}).list('rows', { max: 1 }), { message: /is a list, got nothing/ });
  t.throws(() => read({ rows: [1, 2] }).list('rows', { max: 1 }), {
    message: /holds 2 items; the most is 1/,
  });
  t.throws(() => read({ mode: 'c' }).choice('mode', ['a', 'b'], 'a'), {
    message: /one of "a", "b", got "c"/,
  });
  t.end();
});

t.test('a __proto__ argument is refused as unknown', (t) => {
  const values = JSON.parse('{"__proto__":{"table":"t"}}') as Record<string, unknown>;
  t.throws(() => read(values), { message: /no argument "__proto__"/ });
  t.end();
});
