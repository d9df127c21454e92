import fc from 'fast-check';
import t from 'tap';
import { holds } from './holds.js';
import { TripRule } from '../../src/policy/trip-rule.js';

t.test('trips exactly when the last 10 s hold 20 calls of which half failed', (t) => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 0, max: 3000 }),
      successes: fc.integer({ min: 0, max: 5 }),
      failures: fc.integer({ min: 0, max: 5 }),
    }),
    { size: 'max', maxLength: 200 },
  );
  holds(
    t,
    fc.property(steps, (recorded) => {
      const rule = new TripRule();
      const history: { bucket: number; successes: number; failures: number }[] = [];
      let nowMs = 0;
      for (const { gapMs, successes, failures } of recorded) {
        nowMs += gapMs;
        const bucket = Math.floor(nowMs / 1000);
        history.push({ bucket, successes, failures });
        const recent = history.filter((entry) => entry.bucket > bucket - 10);
        const failed = recent.reduce((sum, entry) => sum + entry.failures, 0);
        const calls = recent.reduce((sum, entry) => sum + entry.failures + entry.successes, 0);
        const expected = calls >= 20 && failed >= calls / 2;
        if (rule.record(nowMs, successes, failures) !== expected) return false;
        if (rule.calls(nowMs) !== calls) return false;
        if (rule.failureRatio(nowMs) !== (calls === 0 ? 0 : failed / calls)) return false;
      }
      return true;
    }),
  );
  t.end();
});

t.test('no calls are no failures, whatever the rule', (t) => {
  const eager = new TripRule({ windowMs: 1000, minCalls: 0, failureRatio: 0 });
  t.equal(eager.record(0, 5, 0), false);
  t.equal(eager.failureRatio(0), 0);
  t.equal(eager.record(0, 0, 1), true);
  t.end();
});

t.test('a reset forgets, and a clock that steps back adds to the newest bucket', (t) => {
  const rule = new TripRule();
  rule.record(50_000, 0, 10);
  rule.record(10_000, 0, 5);
  t.equal(rule.calls(50_000), 15);
  t.equal(rule.calls(59_000), 15);
  t.equal(rule.calls(60_000), 0);
  rule.record(60_000, 0, 10);
  rule.reset();
  t.equal(rule.calls(60_000), 0);
  t.end();
});
