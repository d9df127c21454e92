import fc from 'fast-check';
import t from 'tap';
import { RespawnPlan } from '../../src/policy/respawn-plan.js';

const half = (): number => 0.5;

t.test('a process that dies now and then is started again at once', async (t) => {
  const plan = new RespawnPlan();
  for (let day = 0; day < 10; day += 1) {
    t.same(plan.afterDeath(day * 86_400_000, half), { delayMs: 180, isLoop: false });
  }
});

t.test(
  'a process that keeps dying waits longer each time, and the sixth death in a minute is a loop',
  async (t) => {
    const plan = new RespawnPlan();
    const decisions = [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000].map((ms) =>
      plan.afterDeath(ms, half),
    );
    t.same(
      decisions.map(({ delayMs }) => delayMs),
      [180, 360, 720, 1440, 2880, 5760, 9000, 9000],
    );
    t.same(
      decisions.map(({ isLoop }) => isLoop),
      [false, false, false, false, false, true, true, true],
    );
    t.same(plan.afterDeath(200_000, half), { delayMs: 180, isLoop: false });
  },
);

t.test('the delay is never shorter than 160 ms nor longer than 10 s', async (t) => {
  const gaps = fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 200, size: 'max' });
  fc.assert(
    fc.property(gaps, fc.double({ min: 0, max: 0.999, noNaN: true }), (gapsMs, chance) => {
      const plan = new RespawnPlan();
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const { delayMs } = plan.afterDeath(nowMs, () => chance);
        t.ok(delayMs >= 160 && delayMs <= 10_000);
      }
    }),
    { numRuns: 50 },
  );
});
