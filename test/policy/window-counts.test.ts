import fc from 'fast-check';
import t from 'tap';
import { WindowCounts } from '../../src/policy/window-counts.js';
import { holds } from './holds.js';

const WINDOW_MS = 1200;
const SLICE_MS = 100;

t.test('what was counted is in the sum for a window less a slice, and never for longer', (t) => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5000 })),
      key: fc.constantFrom('a', 'b'),
      count: fc.integer({ min: 0, max: 5 }),
    }),
    { size: 'max', maxLength: 200 },
  );
  holds(
    t,
    fc.property(steps, (taken) => {
      const counts = new WindowCounts(WINDOW_MS);
      const added: { atMs: number; key: string; count: number }[] = [];
      let nowMs = 0;
      const since = (key: string, fromMs: number): number =>
        added
          .filter((each) => each.key === key && each.atMs > fromMs)
          .reduce((total, { count }) => total + count, 0);
      for (const { gapMs, key, count } of taken) {
        nowMs += gapMs;
        counts.add(nowMs, key, count);
        added.push({ atMs: nowMs, key, count });
        for (const each of ['a', 'b']) {
          const sum = counts.sum(nowMs, each);
          if (sum < since(each, nowMs - WINDOW_MS + SLICE_MS)) return false;
          if (sum > since(each, nowMs - WINDOW_MS)) return false;
        }
      }
      return true;
    }),
  );
  t.end();
});

t.test('a clock that steps back loses nothing', (t) => {
  const counts = new WindowCounts(WINDOW_MS);
  counts.add(10_000, 'a', 1);
  counts.add(9000, 'a', 2);
  t.equal(counts.sum(9000, 'a'), 3);
  t.equal(counts.sum(10_000 + WINDOW_MS, 'a'), 0);
  t.end();
});

t.test('a window of another length goes on with what the former one counted', (t) => {
  const counts = new WindowCounts(WINDOW_MS);
  counts.add(0, 'a', 1);
  counts.add(500, 'a', 2);
  counts.setWindow(600, 120);
  t.equal(counts.sum(600, 'a'), 3);
  t.equal(counts.sum(700, 'a'), 3);
  t.equal(counts.sum(721, 'a'), 0);
  counts.add(800, 'a', 4);
  counts.setWindow(810, 12_000);
  t.equal(counts.sum(10_000, 'a'), 4);
  t.equal(counts.sum(13_000, 'a'), 0);
  t.end();
});
