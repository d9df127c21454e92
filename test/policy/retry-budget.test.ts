import fc from 'fast-check';
import t from 'tap';
import { RetryBudget } from '../../src/policy/retry-budget.js';
import { holds } from './holds.js';

t.test(
  'retries stay within the reserve and a tenth of the first attempts, over any stretch',
  (t) => {
    const attempts = fc.array(fc.boolean(), { size: 'max', maxLength: 1000 });
    holds(
      t,
      fc.property(attempts, (isRetry) => {
        const budget = new RetryBudget();
        let first = 0;
        let retries = 0;
        let last100: boolean[] = [];
        for (const retry of isRetry) {
          if (!retry) {
            budget.deposit();
            first += 1;
          }
          const retried = retry && budget.withdraw();
          if (retried) retries += 1;
          if (retries > 3 + 0.1 * first + 1e-9) return false;
          // Never more than was saved up at most, and what comes in.
          last100 = [...last100, retried].slice(-100);
          if (last100.filter(Boolean).length > 10 + 10) return false;
        }
        return true;
      }),
      { numRuns: 50 },
    );
    t.end();
  },
);

t.test('a quiet hour does not save up a storm', (t) => {
  const budget = new RetryBudget();
  for (let call = 0; call < 100_000; call += 1) budget.deposit();
  t.equal(budget.balance, 10);
  let retries = 0;
  while (budget.withdraw()) retries += 1;
  t.equal(retries, 10);
  t.end();
});
