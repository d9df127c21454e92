import fc from 'fast-check';
import t from 'tap';
import { AimdLimiter, Gradient2Limiter } from '../../src/policy/adaptive-limiter.js';
import type { WindowSummary } from '../../src/policy/sample-window.js';
import { holds } from './holds.js';

const RANGE = { minLimit: 20, maxLimit: 200, initialLimit: 100 };

function windowOf(rttMs: number, maxInFlight: number, dropped = 0, key = ''): WindowSummary {
  return { maxInFlight, dropped, successes: 10, classes: [{ key, count: 10, sumMs: rttMs * 10 }] };
}

const windows = fc.array(
  fc
    .tuple(
      fc.double({ min: 0.1, max: 60_000, noNaN: true }),
      fc.nat(300),
      fc.nat(2),
      fc.constantFrom('a', 'b', 'c'),
    )
    .map(([rttMs, inFlight, dropped, key]) => windowOf(rttMs, inFlight, dropped, key)),
  { size: 'max', maxLength: 300 },
);

t.test('both laws stay in their range and yield whole limits, whatever they are told', (t) => {
  holds(
    t,
    fc.property(windows, (told) => {
      const limiters = [new AimdLimiter(RANGE), new Gradient2Limiter(RANGE)];
      return limiters.every((limiter) =>
        told.every((window) => {
          const limit = limiter.learn(window);
          return limit === limiter.limit && Number.isInteger(limit) && limit >= 20 && limit <= 200;
        }),
      );
    }),
  );
  t.end();
});

t.test(
  'AIMD: a tenth less after a drop, one more when half of it was in use, else unmoved',
  (t) => {
    const limiter = new AimdLimiter(RANGE);
    t.equal(limiter.learn(windowOf(5, 50)), 101);
    t.equal(limiter.learn(windowOf(5, 50)), 101, 'less than half in use is no evidence');
    t.equal(limiter.learn(windowOf(5, 101, 1)), 90);
    t.equal(limiter.learn(windowOf(600_000, 101)), 91, 'slow tools are no drop by default');
    const impatient = new AimdLimiter({ ...RANGE, slowMs: 5000 });
    t.equal(impatient.learn(windowOf(5001, 100)), 90);
    t.equal(impatient.learn({ maxInFlight: 100, dropped: 0, successes: 0, classes: [] }), 91);
    t.end();
  },
);

t.test('Gradient2: the formula, tolerance included', (t) => {
  const limiter = new Gradient2Limiter(RANGE);
  t.equal(limiter.learn(windowOf(10, 100)), 100, 'at its baseline: + 0.2 * 4, cut to whole');
  t.equal(
    limiter.learn(windowOf(14, 100)),
    101,
    'mean 12, 12 * 1.5 / 14 > 1: within the tolerance',
  );
  // Warm-up mean of 10, 14, 60 is 28: gradient 1.5 * 28 / 60 = 0.7, limit 101.6 * (0.8 + 0.2 * 0.7) + 0.8.
  t.equal(limiter.learn(windowOf(60, 110)), 96);
  t.equal(limiter.learn(windowOf(60, 10)), 96, 'unused: unmoved');
  t.equal(limiter.learn(windowOf(60, 110, 1)), 86, 'a drop: a tenth less');
  t.end();
});

t.test('Gradient2: never gives up more than half of a step at once', (t) => {
  const limiter = new Gradient2Limiter({ ...RANGE, minLimit: 1 });
  for (let i = 0; i < 10; i += 1) limiter.learn(windowOf(10, 0));
  t.equal(limiter.learn(windowOf(10_000, 200)), 90, '100 * (0.8 + 0.2 * 0.5) + 0.8, cut to whole');
  t.end();
});

t.test('Gradient2: the baseline comes down soon after a long slow time', (t) => {
  const limiter = new Gradient2Limiter(RANGE);
  for (let i = 0; i < 10; i += 1) limiter.learn(windowOf(1000, 0));
  let windowsUntilSensitive = 0;
  for (; windowsUntilSensitive < 600; windowsUntilSensitive += 1) {
    limiter.learn(windowOf(10, 0));
    const before = limiter.limit;
    const trial = limiter.learn(windowOf(200, 200));
    if (trial < before) break;
  }
  t.ok(
    windowsUntilSensitive > 5 && windowsUntilSensitive < 100,
    `${windowsUntilSensitive} windows`,
  );
  t.end();
});

t.test('Gradient2: a shift from fast tools to slow ones is not congestion', (t) => {
  const limiter = new Gradient2Limiter(RANGE);
  for (let i = 0; i < 20; i += 1) {
    limiter.learn(windowOf(1, 0, 0, 'fast'));
    limiter.learn(windowOf(30_000, 0, 0, 'slow'));
  }
  const before = limiter.limit;
  t.ok(limiter.learn(windowOf(30_000, 200, 0, 'slow')) >= before);
  t.ok(limiter.learn(windowOf(30, 200, 0, 'fast')) < before, 'a fast tool that is slow is');
  t.equal(limiter.classes, 2);
  t.end();
});

t.test('Gradient2: the table of baselines is bounded, the least recently seen goes', (t) => {
  const limiter = new Gradient2Limiter({ ...RANGE, maxClasses: 3 });
  for (const key of ['a', 'b', 'c', 'a', 'd']) limiter.learn(windowOf(5, 200, 0, key));
  t.equal(limiter.classes, 3);
  t.equal(
    limiter.learn({ ...windowOf(5, 200), classes: [{ key: 'a', count: 0, sumMs: 0 }] }),
    limiter.limit,
  );
  t.end();
});
