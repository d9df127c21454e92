import t from 'tap';
import { MachineLiveness } from '../../src/policy/machine-liveness.js';

const seen = (beat: number) => [{ id: 'a', beat }];

t.test('one whose count stands still for a whole lease is dead', (t) => {
  const liveness = new MachineLiveness(5000);
  for (let nowMs = 0; nowMs < 5000; nowMs += 1000) {
    t.equal(liveness.look(nowMs, seen(1)).size, 0, `${nowMs}`);
  }
  t.equal(liveness.silentMs('a', 4500), 4500);
  t.same([...liveness.look(5000, seen(1))], ['a']);
  t.equal(liveness.look(5100, seen(2)).size, 0, 'unless it moves after all');
  t.equal(liveness.silentMs('a', 5200), 100);
  t.equal(liveness.silentMs('b', 5200), null);
  t.end();
});

t.test('a time in which nobody looked counts against nobody', (t) => {
  const liveness = new MachineLiveness(5000);
  liveness.look(0, seen(1));
  t.equal(liveness.look(60_000, seen(1)).size, 0);
  t.equal(liveness.look(62_000, seen(1)).size, 0);
  t.equal(liveness.look(64_000, seen(1)).size, 0);
  t.equal(liveness.look(65_000, seen(1)).size, 1);
  t.end();
});

t.test('one that is gone from the roster and comes back is a new one', (t) => {
  const liveness = new MachineLiveness(5000);
  liveness.look(0, seen(1));
  liveness.look(2000, []);
  liveness.look(4000, seen(1));
  t.equal(liveness.look(6000, seen(1)).size, 0);
  t.end();
});
