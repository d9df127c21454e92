import t from 'tap';
import { listProblems, quote } from '../../../src/servers/meerkats-table/tool-problem.js';

t.test('problems come one a line; past twenty they are counted', (t) => {
  t.equal(listProblems('Bad:', ['a', 'b']).message, 'Bad:\n- a\n- b');
  const many = listProblems(
    'Bad:',
    Array.from({ length: 25 }, (_, index) => `p${index}`),
  ).message.split('\n');
  t.equal(many.length, 22);
  t.equal(many.at(-1), '… and 5 more');
  t.end();
});

t.test('a quoted value is JSON, cut short', (t) => {
  t.equal(quote('a"b'), '"a\\"b"');
  t.equal(quote(undefined), 'nothing');
  t.equal(quote('x'.repeat(100)).length, 61);
  t.end();
});
