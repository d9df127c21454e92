import t from 'tap';
import { SampleWindow } from '../../src/policy/sample-window.js';

t.test('sums up a window by tool class, without what says nothing', (t) => {
  const window = new SampleWindow(0);
  for (let call = 0; call < 10; call += 1) window.add('success', 'fast', 2, 3);
  window.add('success', 'slow', 500, 7);
  window.add('ignore', 'slow', 90_000, 99);
  window.add('success', 'fast', 0.05, 1);
  window.add('dropped', 'fast', 30_000, 5);
  t.equal(window.close(999), undefined, 'not over');
  t.same(window.close(1000), {
    maxInFlight: 7,
    dropped: 1,
    successes: 11,
    classes: [
      { key: 'fast', count: 10, sumMs: 20 },
      { key: 'slow', count: 1, sumMs: 500 },
    ],
  });
  t.equal(window.close(2000), undefined, 'a new window has begun');
  t.end();
});

t.test('a window with too little to say goes on, unless something was dropped', (t) => {
  const window = new SampleWindow(0);
  for (let call = 0; call < 9; call += 1) window.add('success', '', 2, 1);
  t.equal(window.close(5000), undefined);
  window.add('success', '', 2, 1);
  t.equal(window.close(5001)?.successes, 10);
  window.add('dropped', '', 0, 1);
  t.equal(window.close(5500), undefined);
  t.equal(window.close(6001)?.dropped, 1);
  t.end();
});

t.test('classes beyond the bound share one', (t) => {
  const window = new SampleWindow(0, { windowMs: 1000, minSamples: 1, minRttMs: 0, maxClasses: 2 });
  for (const key of ['a', 'b', 'c', 'd', 'a']) window.add('success', key, 1, 1);
  t.same(
    window.close(1000)?.classes.map(({ key, count }) => [key, count]),
    [
      ['a', 2],
      ['b', 1],
      ['', 2],
    ],
  );
  t.end();
});

t.test('merges the windows of several workers into one', (t) => {
  const primary = new SampleWindow(0);
  const worker = new SampleWindow(0);
  for (let call = 0; call < 6; call += 1) worker.add('success', 'a', 10, 4);
  worker.add('dropped', 'a', 0, 4);
  const summary = worker.close(1000);
  t.ok(summary);
  if (summary === undefined) return;
  primary.merge(summary);
  primary.merge(summary);
  t.same(primary.close(1000), {
    maxInFlight: 8,
    dropped: 2,
    successes: 12,
    classes: [{ key: 'a', count: 12, sumMs: 120 }],
  });
  t.end();
});
