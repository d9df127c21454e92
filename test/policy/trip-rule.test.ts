import fc from 'fast-check';
import t from 'tap';
import { holds } from './holds.js';
import { TripRule, type UserEnds } from '../../src/policy/trip-rule.js';

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

/** One report. */
function record(rule: TripRule, nowMs: number, ends: readonly UserEnds[]): boolean {
  const sum = (member: 'successes' | 'failures') =>
    ends.reduce((total, each) => total + each[member], 0);
  return rule.record(nowMs, sum('successes'), sum('failures'), ends);
}

const failed = (user: string, failures: number): UserEnds => ({ user, successes: 0, failures });
const served = (user: string, successes: number): UserEnds => ({ user, successes, failures: 0 });

t.test('failures of one user alone do not trip while calls of others succeed', (t) => {
  const rule = new TripRule();
  t.equal(record(rule, 0, [served('ana', 1)]), false);
  t.equal(record(rule, 1000, [failed('eve', 50)]), false);
  t.equal(record(rule, 2000, [failed('eve', 50), served('bo', 1)]), false);
  t.equal(rule.failureRatio(2000), 100 / 102, 'they count nevertheless');
  t.equal(record(rule, 3000, [failed('ana', 1), failed('bo', 1)]), true, 'others fail too');
  t.end();
});

t.test('with nobody else to ask, one user is enough', (t) => {
  const rule = new TripRule();
  t.equal(record(rule, 0, [served('ana', 5)]), false);
  t.equal(record(rule, 9000, [failed('eve', 19)]), false);
  t.equal(record(rule, 10_000, [failed('eve', 1)]), true, "ana's successes are too long ago");
  t.equal(record(new TripRule(), 0, [failed('eve', 20), served('eve', 20)]), true);
  t.end();
});

t.test('who is not told apart is somebody else', (t) => {
  const rule = new TripRule();
  t.equal(rule.record(0, 5, 30, [failed('eve', 30)]), false);
  t.equal(rule.record(1, 0, 5, []), true);
  const crowded = new TripRule();
  const crowd = Array.from({ length: 1001 }, (_, i) => failed(`u${i}`, 1));
  t.equal(record(crowded, 0, crowd), true);
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

t.test('whose failures are left out is as if it were added up anew at each report', (t) => {
  const ends = fc.record({
    user: fc.constantFrom('ana', 'bo', 'cy', 'eve'),
    successes: fc.integer({ min: 0, max: 4 }),
    failures: fc.integer({ min: 0, max: 4 }),
  });
  const steps = fc.array(
    fc.record({ gapMs: fc.integer({ min: 0, max: 4000 }), ends: fc.array(ends, { maxLength: 3 }) }),
    { size: 'max', maxLength: 60 },
  );
  holds(
    t,
    fc.property(steps, (reports) => {
      const rule = new TripRule();
      const history: { bucket: number; end: UserEnds }[] = [];
      let nowMs = 0;
      for (const report of reports) {
        nowMs += report.gapMs;
        const bucket = Math.floor(nowMs / 1000);
        for (const end of report.ends) history.push({ bucket, end });
        const recent = history.filter((entry) => entry.bucket > bucket - 10);
        const sums = new Map<string, { calls: number; failures: number }>();
        for (const { end } of recent) {
          const sum = sums.get(end.user) ?? { calls: 0, failures: 0 };
          sum.calls += end.successes + end.failures;
          sum.failures += end.failures;
          sums.set(end.user, sum);
        }
        const all = [...sums.values()];
        const total = (member: 'calls' | 'failures') =>
          all.reduce((sum, each) => sum + each[member], 0);
        const isFailing = (calls: number, failures: number) => failures >= calls / 2;
        const worst = Math.max(0, ...all.map(({ failures }) => failures));
        // Where two have the most, either may be left out.
        const verdicts = all
          .filter(({ failures }) => failures === worst)
          .map(({ calls, failures }) => {
            const others = total('calls') - calls;
            return others === 0 || isFailing(others, total('failures') - failures);
          });
        const mayTrip = total('calls') >= 20 && isFailing(total('calls'), total('failures'));
        const trips = record(rule, nowMs, report.ends);
        if (mayTrip && worst > 0 ? !verdicts.includes(trips) : trips) return false;
      }
      return true;
    }),
  );
  t.end();
});
