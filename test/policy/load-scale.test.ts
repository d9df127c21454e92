import fc from 'fast-check';
import t from 'tap';
import { LoadScale } from '../../src/policy/load-scale.js';
import { holds } from './holds.js';

const calm = { cpu: 0, memory: 0, eventLoopDelay: 0, errorRate: 0 };

function run(scale: LoadScale, fromMs: number, forMs: number, cpu: number): number {
  for (let nowMs = fromMs + 250; nowMs <= fromMs + forMs; nowMs += 250)
    scale.update(nowMs, { ...calm, cpu });
  return scale.scale;
}

t.test(
  'stays in its range, never rises under pressure and never falls below the threshold',
  (t) => {
    const signal = fc.double({ min: 0, max: 1.2, noNaN: true });
    const steps = fc.array(
      fc.record({
        gapMs: fc.integer({ min: -50, max: 3000 }),
        cpu: signal,
        memory: signal,
        eventLoopDelay: signal,
        errorRate: signal,
      }),
      { size: 'max', maxLength: 100 },
    );
    holds(
      t,
      fc.property(steps, (samples) => {
        const scale = new LoadScale(0);
        let nowMs = 0;
        for (const { gapMs, ...signals } of samples) {
          nowMs += gapMs;
          const before = scale.scale;
          const after = scale.update(nowMs, signals);
          const worst = Math.max(
            signals.cpu,
            signals.memory,
            signals.eventLoopDelay,
            signals.errorRate,
          );
          if (after < 0.1 - 1e-9 || after > 1) return false;
          if (worst >= 0.75 && after > before) return false;
          if (worst <= 0.8 && after < before) return false;
        }
        return true;
      }),
    );
    t.end();
  },
);

t.test('under full load falls to the least within seconds, and recovers by itself in ten', (t) => {
  const scale = new LoadScale(0);
  t.equal(run(scale, 0, 5000, 0.79), 1);
  t.ok(run(scale, 5000, 1000, 1) < 0.5);
  t.ok(run(scale, 6000, 5000, 1) < 0.12);
  const half = run(scale, 11_000, 4000, 0.5);
  t.ok(half > 0.45 && half < 0.55, `halfway ${half}`);
  t.equal(run(scale, 15_000, 6000, 0.5), 1);
  t.end();
});

t.test('rests between the two thresholds instead of swinging', (t) => {
  const scale = new LoadScale(0);
  const down = run(scale, 0, 5000, 0.9);
  t.ok(Math.abs(down - 0.55) < 0.01, `half way over the threshold: ${down}`);
  t.equal(run(scale, 5000, 10_000, 0.78), down);
  t.equal(run(scale, 15_000, 10_000, 0.85), down, 'nor does it rise while above the threshold');
  t.end();
});

t.test('the worst signal counts, however often it is sampled; a missing one does not', (t) => {
  const often = new LoadScale(0);
  for (let nowMs = 10; nowMs <= 2000; nowMs += 10)
    often.update(nowMs, { ...calm, errorRate: 0.95 });
  const seldom = new LoadScale(0);
  seldom.update(2000, { ...calm, errorRate: 0.95, memory: 0.9 });
  t.ok(Math.abs(often.scale - seldom.scale) < 1e-9);
  t.equal(new LoadScale(0).update(1000, { ...calm, cpu: NaN, memory: 0.1 }), 1);
  t.end();
});
