import fc from 'fast-check';
import t from 'tap';
import { DeadlineSet } from '../../src/http/deadline-set.js';

function expired(set: DeadlineSet<string>, nowMs: number): string[] {
  const items: string[] = [];
  set.expire(nowMs, (item) => items.push(item));
  return items;
}

t.test('items expire in the order of their deadlines, each once', (t) => {
  const set = new DeadlineSet<string>(100);
  set.restart('a', 0);
  set.restart('b', 10);
  set.restart('a', 20);
  set.restart('c', 30);
  set.delete('c');
  t.same(expired(set, 109), []);
  t.same(expired(set, 110), ['b']);
  t.same(expired(set, 119), [], 'a was restarted');
  t.same(expired(set, 120), ['a']);
  t.equal(set.size, 0);
  t.end();
});

t.test('an item that is restarted while it is told about gets its full time again', (t) => {
  const set = new DeadlineSet<string>(100);
  set.restart('a', 0);
  set.restart('b', 0);
  set.expire(100, (item) => {
    if (item === 'a') set.restart('a', 100);
  });
  const left: string[] = [];
  set.forEach((item) => {
    left.push(item);
    set.delete(item);
  });
  t.same(left, ['a']);
  t.equal(set.size, 0, 'items may be taken out while they are visited');
  t.end();
});

t.test('it agrees with a timer per item', (t) => {
  const step = fc.record({
    item: fc.constantFrom('a', 'b', 'c', 'd'),
    action: fc.constantFrom('restart', 'delete', 'expire'),
    afterMs: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 300 }), (steps) => {
      const set = new DeadlineSet<string>(100);
      const timers = new Map<string, number>();
      let nowMs = 0;
      for (const { item, action, afterMs } of steps) {
        nowMs += afterMs;
        if (action === 'restart') {
          set.restart(item, nowMs);
          timers.set(item, nowMs + 100);
        } else if (action === 'delete') {
          set.delete(item);
          timers.delete(item);
        } else {
          const due = [...timers].filter(([, dueAtMs]) => dueAtMs <= nowMs).map(([name]) => name);
          for (const name of due) timers.delete(name);
          if (expired(set, nowMs).sort().join() !== due.sort().join()) return false;
        }
        if (set.size !== timers.size) return false;
      }
      return true;
    }),
    { numRuns: 200 },
  );
  t.end();
});
