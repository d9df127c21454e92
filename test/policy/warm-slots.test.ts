import t from 'tap';
import { WarmSlots } from '../../src/policy/warm-slots.js';

t.test('a slot lent to the worker that had it closes nothing', (t) => {
  const warm = new WarmSlots();
  warm.returned(1, 2);
  t.ok(warm.isWarm(1));
  t.equal(warm.lend(1), undefined);
  t.equal(warm.lend(1), undefined);
  t.notOk(warm.isWarm(1));
  t.end();
});

t.test('lent to another worker it closes one connection where it was', (t) => {
  const warm = new WarmSlots();
  warm.returned(1, 1);
  warm.returned(2, 1);
  t.equal(warm.lend(2), undefined, 'its own first');
  t.equal(warm.lend(2), 1);
  t.equal(warm.lend(2), undefined, 'a slot that nobody used yet');
  t.end();
});

t.test('what an ended process had is closed already', (t) => {
  const warm = new WarmSlots();
  warm.returned(1, 3);
  warm.forget(1);
  t.equal(warm.lend(2), undefined);
  t.end();
});
