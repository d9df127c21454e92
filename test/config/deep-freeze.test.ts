import t from 'tap';
import { deepFreeze } from '../../config/deep-freeze.js';

void t.test('nothing inside can change, and the value is the same one', (t) => {
  const value = { a: { b: [1, { c: 2 }] }, n: null };
  t.equal(deepFreeze(value), value);
  t.throws(() => (value.a.b[0] = 9), TypeError);
  t.throws(() => Object.assign(value.a, { d: 1 }), TypeError);
  t.throws(() => Object.assign(value.a.b[1] ?? {}, { c: 3 }), TypeError);
  t.end();
});

void t.test('plain values pass', (t) => {
  t.equal(deepFreeze(null), null);
  t.equal(deepFreeze('x'), 'x');
  t.end();
});
