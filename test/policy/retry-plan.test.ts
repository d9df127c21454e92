import fc from 'fast-check';
import t from 'tap';
import { RetryBudget } from '../../src/policy/retry-budget.js';
import { planRetry, type FailedAttempt } from '../../src/policy/retry-plan.js';
import { holds } from './holds.js';

const half = (): number => 0.5;
const safe: FailedAttempt = { attempts: 1, maybeSent: true, isIdempotent: true, timeLeftMs: 5000 };

const failures = fc.record({
  attempts: fc.integer({ min: 1, max: 4 }),
  maybeSent: fc.boolean(),
  isIdempotent: fc.boolean(),
  timeLeftMs: fc.double({ min: -10, max: 2000, noNaN: true }),
  retryAfterMs: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined }),
});

t.test(
  'retries only what cannot run twice, at most once, in time, and not before it was asked to',
  (t) => {
    const random = fc.double({ min: 0, max: 0.999, noNaN: true });
    holds(
      t,
      fc.property(failures, random, (failed, drawn) => {
        const budget = new RetryBudget();
        const decision = planRetry(failed, budget, () => drawn);
        const spent = 3 - budget.balance;
        if (!decision.retry) return spent === 0;
        return (
          spent === 1 &&
          failed.attempts === 1 &&
          (!failed.maybeSent || failed.isIdempotent) &&
          decision.delayMs < failed.timeLeftMs &&
          decision.delayMs === Math.max(failed.retryAfterMs ?? 0, 50 * drawn)
        );
      }),
      { numRuns: 1000 },
    );
    t.end();
  },
);

t.test('says why not', (t) => {
  const reason = (failed: Partial<FailedAttempt>, budget = new RetryBudget()): string => {
    const decision = planRetry({ ...safe, ...failed }, budget, half);
    return decision.retry ? 'retries' : decision.reason;
  };
  t.equal(reason({}), 'retries');
  t.equal(reason({ isIdempotent: false }), 'outcome-unknown');
  t.equal(reason({ isIdempotent: false, maybeSent: false }), 'retries');
  t.equal(reason({ isIdempotent: false, attempts: 2 }), 'outcome-unknown', 'this matters more');
  t.equal(reason({ attempts: 2 }), 'attempts-used-up');
  t.equal(reason({ retryAfterMs: 5000 }), 'too-late');
  t.equal(reason({ timeLeftMs: 25 }), 'too-late');
  t.equal(
    reason({}, new RetryBudget({ ratio: 0.1, reserve: 0, maxBalance: 10 })),
    'budget-used-up',
  );
  t.end();
});

t.test('waits longer with each attempt, up to the cap', (t) => {
  const options = { maxAttempts: 10, baseMs: 50, capMs: 300 };
  const delays = [1, 2, 3, 4, 5].map((attempts) => {
    const decision = planRetry({ ...safe, attempts }, new RetryBudget(), half, options);
    return decision.retry ? decision.delayMs : -1;
  });
  t.same(delays, [25, 50, 100, 150, 150]);
  t.end();
});
