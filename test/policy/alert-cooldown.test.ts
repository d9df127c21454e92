import fc from 'fast-check';
import t from 'tap';
import { AlertCooldown } from '../../src/policy/alert-cooldown.js';
import { holds } from './holds.js';

const PERIOD_MS = 1000;
const small = { cooldownMs: PERIOD_MS, maxCauses: 10 };

function active(alerts: AlertCooldown, nowMs: number): string[] {
  return [...alerts.causes(nowMs)]
    .filter(({ activeForMs }) => activeForMs !== null)
    .map(({ cause }) => cause);
}

t.test('tells each cause at most once per period, and every raise is told or counted', (t) => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 0, max: 700 }),
      cause: fc.constantFrom('cpu', 'memory', 'errors'),
      holdsStill: fc.boolean(),
    }),
    { size: 'max', maxLength: 300 },
  );
  holds(
    t,
    fc.property(steps, (taken) => {
      const alerts = new AlertCooldown(small);
      const toldAtMs = new Map<string, number>();
      const silenced = new Map<string, number>();
      const since = new Map<string, { atMs: number; told: boolean }>();
      let nowMs = 0;
      for (const { gapMs, cause, holdsStill } of taken) {
        nowMs += gapMs;
        if (!holdsStill) {
          const episode = since.get(cause);
          since.delete(cause);
          const recovery = alerts.clear(nowMs, cause);
          if ((recovery !== undefined) !== (episode?.told === true)) return false;
          if (recovery && episode && recovery.durationMs !== nowMs - episode.atMs) return false;
          if (recovery && recovery.suppressed !== (silenced.get(cause) ?? 0)) return false;
          continue;
        }
        const episode = since.get(cause) ?? { atMs: nowMs, told: false };
        since.set(cause, episode);
        const due = nowMs - (toldAtMs.get(cause) ?? -Infinity) >= PERIOD_MS;
        const decision = alerts.raise(nowMs, cause);
        if (decision.tell !== due) return false;
        if (decision.tell) {
          if (decision.suppressed !== (silenced.get(cause) ?? 0)) return false;
          toldAtMs.set(cause, nowMs);
          silenced.set(cause, 0);
          episode.told = true;
        } else {
          silenced.set(cause, (silenced.get(cause) ?? 0) + 1);
        }
        if (active(alerts, nowMs).length !== since.size) return false;
      }
      return true;
    }),
  );
  t.end();
});

t.test('a recovery tells how long it lasted', (t) => {
  const alerts = new AlertCooldown();
  t.same(alerts.raise(0, 'cpu'), { tell: true, suppressed: 0 });
  t.same(alerts.raise(60_000, 'cpu'), { tell: false });
  t.same(
    [...alerts.causes(60_000)],
    [{ cause: 'cpu', activeForMs: 60_000, suppressed: 1, cooldownLeftMs: 240_000 }],
  );
  t.same(alerts.clear(90_000, 'cpu'), { durationMs: 90_000, suppressed: 1 });
  t.equal(alerts.clear(90_001, 'cpu'), undefined, 'once');
  t.same(
    [...alerts.causes(100_000)],
    [{ cause: 'cpu', activeForMs: null, suppressed: 1, cooldownLeftMs: 200_000 }],
    'over, and silent for the rest of its cooldown',
  );
  t.same(alerts.raise(100_000, 'cpu'), { tell: false });
  t.equal(alerts.clear(110_000, 'cpu'), undefined, 'what was not told does not recover');
  t.same(alerts.raise(300_000, 'cpu'), { tell: true, suppressed: 2 });
  t.same(alerts.raise(600_000, 'cpu'), { tell: true, suppressed: 0 }, 'still on: told again');
  t.same(alerts.clear(600_001, 'cpu'), { durationMs: 300_001, suppressed: 0 });
  t.same([...alerts.causes(900_001)], [], 'forgotten after its cooldown');
  t.end();
});

t.test('the table is bounded; causes over and out of their period go first', (t) => {
  const alerts = new AlertCooldown({ cooldownMs: PERIOD_MS, maxCauses: 2 });
  alerts.raise(0, 'active');
  alerts.raise(10, 'over');
  alerts.clear(20, 'over');
  alerts.raise(PERIOD_MS + 10, 'third');
  t.same(active(alerts, 2000), ['active', 'third']);
  alerts.raise(2000, 'fourth');
  t.same(active(alerts, 2000), ['third', 'fourth'], 'then the oldest');
  t.end();
});

t.test('another cooldown holds for those that run too', (t) => {
  const alerts = new AlertCooldown(small);
  t.same(alerts.raise(0, 'cpu'), { tell: true, suppressed: 0 });
  alerts.setCooldown(5000);
  t.same(alerts.raise(PERIOD_MS, 'cpu'), { tell: false });
  t.match([...alerts.causes(PERIOD_MS)], [{ activeForMs: PERIOD_MS, cooldownLeftMs: 4000 }]);
  alerts.setCooldown(10);
  t.same(alerts.raise(PERIOD_MS + 1, 'cpu'), { tell: true, suppressed: 1 });
  t.end();
});
