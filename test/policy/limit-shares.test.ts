import fc from 'fast-check';
import t from 'tap';
import { fairParts } from '../../src/policy/fair-parts.js';
import { partOf, serverRate, serverSlots, shareOf } from '../../src/policy/limit-shares.js';

t.test('a share is whole and at least one call, and nothing is lost to rounding', (t) => {
  t.equal(shareOf(20, 1), 20);
  t.equal(shareOf(20, 0.5), 10);
  t.equal(shareOf(20, 0), 1);
  t.equal(shareOf(7, 0.5), 3);
  fc.assert(
    fc.property(
      fc.integer({ min: 10, max: 100_000 }),
      fc.array(fc.nat(100_000), { minLength: 1, maxLength: 10, size: 'max' }),
      (limit, wants) => {
        const shares = fairParts(limit, wants).map((units) => shareOf(limit, units / limit));
        return shares.reduce((sum, share) => sum + share, 0) === limit;
      },
    ),
  );
  t.end();
});

t.test('a limit that is not named in divided shares is nobody’s', (t) => {
  t.equal(partOf(null, 'total'), 1);
  t.equal(partOf(new Map([['total', 0.25]]), 'total'), 0.25);
  t.equal(partOf(new Map(), 'total'), 0);
  t.not(serverSlots('a'), serverRate('a'));
  t.end();
});
