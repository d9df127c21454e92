import fc from 'fast-check';
import t from 'tap';
import { holds } from './holds.js';
import { SlidingWindow } from '../../src/policy/sliding-window.js';

const WINDOW_MS = 1000;

/** The definition: count the admitted takes in (now - window, now]. */
class ReferenceWindow {
  readonly admittedAtMs: number[] = [];
  readonly limit: number;
  constructor(limit: number) {
    this.limit = limit;
  }
  used(nowMs: number): number {
    return this.admittedAtMs.filter((atMs) => atMs + WINDOW_MS > nowMs).length;
  }
  take(nowMs: number, count: number): boolean {
    if (this.used(nowMs) + count > this.limit) return false;
    for (let i = 0; i < count; i += 1) this.admittedAtMs.push(nowMs);
    return true;
  }
}

function mostInAnyWindow(atMs: readonly number[]): number {
  let most = 0;
  let start = 0;
  for (let end = 0; end < atMs.length; end += 1) {
    while ((atMs[start] ?? 0) + WINDOW_MS <= (atMs[end] ?? 0)) start += 1;
    most = Math.max(most, end - start + 1);
  }
  return most;
}

const steps = fc.array(
  fc.record({
    gapMs: fc.double({ min: 0, max: 400, noNaN: true }),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  { size: 'max', maxLength: 300 },
);

t.test('with a small limit decides exactly as the definition does', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 30 }), steps, (limit, taken) => {
      const window = new SlidingWindow({ limit, windowMs: WINDOW_MS });
      const reference = new ReferenceWindow(limit);
      let nowMs = 0;
      for (const { gapMs, count } of taken) {
        nowMs += gapMs;
        if (window.remaining(nowMs) !== limit - reference.used(nowMs)) return false;
        if ((window.take(nowMs, count) === 0) !== reference.take(nowMs, count)) return false;
      }
      return mostInAnyWindow(reference.admittedAtMs) <= limit;
    }),
  );
  t.end();
});

t.test('with a large limit holds the bound in any window and wastes at most a 128th of it', (t) => {
  const gaps = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), {
    size: 'max',
    maxLength: 1000,
  });
  holds(
    t,
    fc.property(gaps, (gapsMs) => {
      const limit = 300;
      const window = new SlidingWindow({ limit, windowMs: WINDOW_MS });
      const admittedAtMs: number[] = [];
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        for (let i = 0; i < 20; i += 1) {
          const admitted = window.take(nowMs) === 0;
          if (admitted) admittedAtMs.push(nowMs);
          const lately = nowMs - WINDOW_MS - WINDOW_MS / 128;
          const isTight = admittedAtMs.filter((atMs) => atMs > lately).length >= limit;
          if (!admitted && !isTight) return false;
        }
      }
      return mostInAnyWindow(admittedAtMs) <= limit;
    }),
    { numRuns: 30 },
  );
  t.end();
});

t.test('a client that waits as told is admitted, and not earlier', (t) => {
  holds(
    t,
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { size: 'max', maxLength: 500 }),
      fc.integer({ min: 1, max: 5 }),
      (limit, gapsMs, count) => {
        fc.pre(count <= limit);
        const window = new SlidingWindow({ limit, windowMs: WINDOW_MS });
        let nowMs = 12_345.678;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          window.take(nowMs);
        }
        while (window.take(nowMs) === 0);
        const waitMs = window.take(nowMs, count);
        if (window.take(nowMs + waitMs - 1.001, count) === 0) return false;
        return window.take(nowMs + waitMs, count) === 0;
      },
    ),
  );
  t.end();
});

t.test('a clock that steps back frees nothing', (t) => {
  const window = new SlidingWindow({ limit: 2, windowMs: WINDOW_MS });
  t.equal(window.take(5000), 0);
  t.equal(window.take(4000), 0, 'counts as taken at 5000');
  t.equal(window.take(5500), 500);
  t.equal(window.take(5999), 1);
  t.equal(window.take(6000), 0);
  t.end();
});

t.test(
  'lent places count as taken, and for a whole window after they are settled as spent',
  (t) => {
    const window = new SlidingWindow({ limit: 5, windowMs: WINDOW_MS });
    t.equal(window.lend(0, 9), 5, 'no more than are free');
    t.equal(window.take(900), WINDOW_MS, 'they may be spent right now');
    t.equal(window.waitMs(900), WINDOW_MS);
    t.notOk(window.isIdle(900));
    window.settle(1000, 3, 2, 400);
    t.equal(window.remaining(1000), 2, 'the returned ones are free');
    t.equal(window.remaining(1599), 2);
    t.equal(window.remaining(1600), 5, 'the spent ones are free a window after their spending');
    t.ok(window.isIdle(1600));
    t.end();
  },
);

t.test('lends what is neither taken nor lent', (t) => {
  const window = new SlidingWindow({ limit: 10, windowMs: WINDOW_MS });
  t.equal(window.take(0, 3), 0);
  t.equal(window.lend(0, 2), 2);
  t.equal(window.remaining(0), 5);
  t.equal(window.lend(0, 9), 5);
  t.equal(window.lend(0, 1), 0);
  t.equal(window.take(400, 3), 600, 'the taken ones leave first');
  t.equal(window.take(400, 4), WINDOW_MS, 'then it is for the borrowers to say');
  t.equal(window.lend(1000, 9), 3, 'what has left the window can be lent');
  t.end();
});

t.test('a settlement older than the newest entry counts as that young', (t) => {
  const window = new SlidingWindow({ limit: 5, windowMs: WINDOW_MS });
  window.lend(0, 2);
  window.take(500);
  window.settle(600, 2, 0, 600);
  t.equal(window.remaining(1499), 2, 'on the safe side');
  t.equal(window.remaining(1500), 5);
  t.end();
});

t.test('after the limit is lowered nothing is admitted until enough has left', (t) => {
  const window = new SlidingWindow({ limit: 4, windowMs: WINDOW_MS });
  for (const atMs of [0, 100, 200, 300]) t.equal(window.take(atMs), 0);
  window.setLimit(2);
  t.equal(window.limit, 2);
  t.equal(window.remaining(300), 0);
  t.equal(window.take(300), 900, 'three of the four have to leave');
  t.equal(window.take(1200), 0);
  window.setLimit(0);
  t.equal(window.take(9000), Infinity);
  t.end();
});

t.test('tells what the RateLimit header needs', (t) => {
  const window = new SlidingWindow({ limit: 3, windowMs: WINDOW_MS });
  t.equal(window.resetMs(0), 0);
  window.take(0);
  window.take(250);
  t.equal(window.remaining(250), 1);
  t.equal(window.waitMs(250), 0);
  t.equal(window.resetMs(250), 1000);
  t.equal(window.resetMs(1000), 250);
  t.equal(window.resetMs(1250), 0);
  t.end();
});
