import fc from 'fast-check';
import t from 'tap';
import { InTurn } from '../../src/kernel/in-turn.js';

function seen(walk: InTurn<number, string>, count: number): number[] {
  const keys: number[] = [];
  walk.visit(count, (key) => keys.push(key));
  return keys;
}

t.test('each visit goes on where the one before it ended', async (t) => {
  const walk = new InTurn(new Map([1, 2, 3, 4, 5].map((n) => [n, 'x'])));
  t.same(seen(walk, 2), [1, 2]);
  t.same(seen(walk, 2), [3, 4]);
  t.same(seen(walk, 2), [5, 1]);
  t.same(seen(walk, 99).toSorted(), [1, 2, 3, 4, 5], 'a short map whole, and nothing twice');
});

t.test('entries that come and go while it walks do it no harm', async (t) => {
  const map = new Map([1, 2, 3].map((n) => [n, 'x']));
  const walk = new InTurn(map);
  walk.visit(3, (key) => map.delete(key));
  t.equal(map.size, 0);
  t.same(seen(walk, 3), []);
  map.set(7, 'x');
  t.same(seen(walk, 3), [7]);
});

t.test('what stays is met within two rounds, however many others come', async () => {
  const changes = fc.array(fc.record({ key: fc.nat(20), isAdded: fc.boolean() }), { maxLength: 8 });
  const before = fc.uniqueArray(fc.nat(20));
  fc.assert(
    fc.property(before, fc.array(changes, { maxLength: 60 }), (keys, visits) => {
      const map = new Map([...keys, 100].map((key) => [key, 'x']));
      const walk = new InTurn(map);
      let sinceMet = 0;
      for (const visit of visits) {
        for (const { key, isAdded } of visit) {
          if (isAdded) map.set(key, 'x');
          else map.delete(key);
        }
        for (const key of seen(walk, 4)) sinceMet = key === 100 ? 0 : sinceMet + 1;
        // A round has 22 entries at most.
        if (sinceMet > 2 * 22) return false;
      }
      return true;
    }),
  );
});

t.test(
  'more new entries with each visit than it looks at do not keep it from the old',
  async (t) => {
    const map = new Map([[0, 'x']]);
    const walk = new InTurn(map);
    t.same(seen(walk, 1), [0]);
    for (let key = 1; key <= 30; key += 1) map.set(key, 'x');
    t.same(seen(walk, 1), [0], 'the round of one entry has ended');
  },
);
