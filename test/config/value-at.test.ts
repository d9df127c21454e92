import t from 'tap';
import { isRecord, valueAt } from '../../config/value-at.js';

void t.test('a path leads through objects and lists', (t) => {
  const value = { a: [{ b: 1 }], n: null };
  t.equal(valueAt(value, ['a', 0, 'b']), 1);
  t.equal(valueAt(value, []), value);
  t.equal(valueAt(value, ['a', 7, 'b']), undefined);
  t.equal(valueAt(value, ['n', 'x']), undefined);
  t.end();
});

void t.test('nothing inherited is found', (t) => {
  t.equal(valueAt({}, ['__proto__']), undefined);
  t.equal(valueAt({}, ['constructor', 'name']), undefined);
  t.end();
});

void t.test('objects and lists can be looked into, null cannot', (t) => {
  t.strictSame([{}, [], null, 'x', undefined].map(isRecord), [true, true, false, false, false]);
  t.end();
});
