import fc from 'fast-check';
import t from 'tap';
import { fairParts, leastPart } from '../../src/policy/fair-parts.js';

t.test('who wants little gets that, the others divide the rest, nothing is left over', (t) => {
  t.same(fairParts(20, [0, 0]), [10, 10], 'nobody wants more than the least');
  t.same(fairParts(20, [100, 100]), [10, 10]);
  t.same(fairParts(20, [100, 0]), [18, 2]);
  t.same(fairParts(20, [12, 6]), [13, 7]);
  t.same(fairParts(10, [10, 10, 10]), [3, 3, 4]);
  t.same(fairParts(1, [1, 1]), [0, 1]);
  t.same(fairParts(7, [3]), [7]);
  t.end();
});

t.test('parts sum up to the limit, and nobody gets less than an equal part who wants it', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.array(fc.nat(6000), { minLength: 1, maxLength: 20, size: 'max' }),
      (limit, wants) => {
        const parts = fairParts(limit, wants);
        const sum = parts.reduce((total, part) => total + part, 0);
        const equal = Math.floor(limit / wants.length);
        const least = Math.min(leastPart(limit, wants.length), equal);
        return (
          sum === limit &&
          parts.every((part, at) => part >= Math.max(least, Math.min(wants[at] ?? 0, equal)))
        );
      },
    ),
  );
  t.end();
});
