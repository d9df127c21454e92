import fc from 'fast-check';
import t from 'tap';
import { holds } from './holds.js';
import { waitUntil } from '../../src/policy/wait-until.js';

t.test('who waits as told is in time, and was told less than a millisecond too much', (t) => {
  holds(
    t,
    fc.property(
      fc.double({ min: 0, max: 1e12, noNaN: true }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (nowMs, aheadMs) => {
        const dueMs = nowMs + aheadMs;
        const waitMs = waitUntil(nowMs, dueMs);
        return (
          Number.isInteger(waitMs) &&
          waitMs >= 1 &&
          nowMs + waitMs >= dueMs &&
          (waitMs === 1 || nowMs + waitMs - dueMs <= 1.001)
        );
      },
    ),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('a window from now is a window, whatever the clock shows', (t) => {
  holds(
    t,
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (nowMs) => {
      return waitUntil(nowMs, nowMs + 1000) === 1000;
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('what never comes takes for ever', (t) => {
  t.equal(waitUntil(5, Infinity), Infinity);
  t.end();
});
