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

t.test('what stays is met at least once in a round, whatever else happens', async () => {
  const changes = fc.array(fc.record({ key: fc.nat(20), isAdded: fc.boolean() }), { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(changes, { minLength: 30, maxLength: 60 }), (rounds) => {
      const map = new Map([[100, 'stays']]);
      const walk = new InTurn(map);
      let sinceMet = 0;
      for (const round of rounds) {
        for (const { key, isAdded } of round) {
          if (isAdded) map.set(key, 'x');
          else map.delete(key);
        }
        sinceMet += 1;
        if (seen(walk, 4).includes(100)) sinceMet = 0;
        // Four of at most 22 entries at a time, and five new ones between.
        if (sinceMet > 30) return false;
      }
      return true;
    }),
  );
});
