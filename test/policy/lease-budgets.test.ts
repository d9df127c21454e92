import t from 'tap';
import { LeaseBudgets } from '../../src/policy/lease-budgets.js';
import { SlidingWindow } from '../../src/policy/sliding-window.js';

const one = { needed: 1, wanted: 1 };

function budgets(maxKeys = 100): LeaseBudgets<SlidingWindow> {
  return new LeaseBudgets({
    maxKeys,
    createLimit: (key) => new SlidingWindow({ limit: key.length, windowMs: 1000 }),
  });
}

t.test('each key has its own limit', (t) => {
  const all = budgets();
  all.ask(1, 'a', one, 0);
  all.ask(1, 'a', one, 0);
  all.ask(1, 'bb', { needed: 2, wanted: 2 }, 0);
  t.match(all.drain(), [
    { kind: 'chunk', to: 1, key: 'a', count: 1 },
    { kind: 'chunk-denied', to: 1, key: 'a' },
    { kind: 'chunk', to: 1, key: 'bb', count: 2 },
  ]);
  t.same(all.drain(), []);
  t.same(
    [...all.limits()].map(([key, limit]) => [key, limit.limit]),
    [
      ['a', 1],
      ['bb', 2],
    ],
  );
  t.equal(all.limitOf('a')?.remaining(0), 0);
  t.equal(all.limitOf('c'), undefined);
  t.end();
});

t.test('a full table of limits in use denies a new key; swept, it takes it', (t) => {
  const all = budgets(1);
  all.ask(1, 'a', one, 0);
  all.drain();
  all.ask(1, 'b', one, 0);
  t.same(all.drain(), [{ kind: 'chunk-denied', to: 1, key: 'b', waitMs: 1000 }]);
  const spent = { spent: 1, returned: 0, spentAgeMs: 0, answersRecall: false };
  all.report(1, 'a', spent, 0);
  all.report(1, 'unknown', spent, 0);
  t.equal(all.sweep(999), 0);
  t.equal(all.sweep(1000), 1);
  t.equal(all.size, 0);
  all.ask(1, 'b', one, 1000);
  t.match(all.drain(), [{ kind: 'chunk', key: 'b', count: 1 }]);
  t.end();
});

t.test('a key with something lent is not forgotten', (t) => {
  const all = budgets();
  all.ask(1, 'a', one, 0);
  t.equal(all.sweep(1e9), 0);
  all.workerExited(1, 1e9);
  t.equal(all.sweep(1e9 + 1000), 1);
  t.end();
});

t.test('asks that wait for a worker which does not answer are denied in time', (t) => {
  const all = budgets();
  all.ask(1, 'a', one, 0);
  all.ask(2, 'a', one, 0);
  t.match(all.drain(), [{ kind: 'chunk' }, { kind: 'chunk-recall', to: 1 }]);
  all.tick(99);
  t.same(all.drain(), []);
  all.tick(100);
  t.match(all.drain(), [{ kind: 'chunk-denied', to: 2 }]);
  all.tick(200);
  t.same(all.drain(), []);
  t.end();
});
