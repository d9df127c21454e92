import fc from 'fast-check';
import t from 'tap';
import { AlertCondition } from '../../src/policy/alert-condition.js';
import { holds } from './holds.js';

const SUSTAIN_MS = 1000;
const limits = { threshold: 80, clearBelow: 75, sustainMs: SUSTAIN_MS };

interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** Since when all samples up to the last satisfy `is`; undefined when the last does not. */
function runStart(samples: readonly Sample[], is: (value: number) => boolean): number | undefined {
  const broken = samples.findLastIndex(({ value }) => !is(value));
  return samples[broken + 1]?.atMs;
}

t.test('it changes only after a run of samples as long as it must be sustained', (t) => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 0, max: 600 }),
      value: fc.oneof(fc.constantFrom(74.9, 75, 80, 80.1, NaN), fc.double({ min: 60, max: 95 })),
    }),
    { size: 'max', maxLength: 300 },
  );
  holds(
    t,
    fc.property(steps, (taken) => {
      const condition = new AlertCondition();
      const seen: Sample[] = [];
      let nowMs = 0;
      let wasRaised = false;
      for (const { gapMs, value } of taken) {
        nowMs += gapMs;
        if (Number.isNaN(value)) {
          // Unknown: it neither changes anything nor ends a run.
          if (condition.update(nowMs, { ...limits, value }) !== wasRaised) return false;
          continue;
        }
        seen.push({ atMs: nowMs, value });
        const isRaised = condition.update(nowMs, { ...limits, value });
        const speaksFor = wasRaised ? (v: number) => v < 75 : (v: number) => v > 80;
        const sinceMs = runStart(seen, speaksFor);
        const mustChange = sinceMs !== undefined && nowMs - sinceMs >= SUSTAIN_MS;
        if ((isRaised !== wasRaised) !== mustChange) return false;
        if (isRaised !== wasRaised) seen.length = 0; // The other state counts from its own samples.
        wasRaised = isRaised;
      }
      return true;
    }),
  );
  t.end();
});

t.test('one sample does not raise it, and one does not end it', (t) => {
  const condition = new AlertCondition();
  t.equal(condition.update(0, { ...limits, value: 99 }), false);
  t.equal(condition.update(500, { ...limits, value: 50 }), false);
  t.equal(condition.update(900, { ...limits, value: 99 }), false, 'counted anew');
  t.equal(condition.update(1800, { ...limits, value: 99 }), false);
  t.equal(condition.update(1900, { ...limits, value: 99 }), true);
  t.equal(condition.update(5000, { ...limits, value: 10 }), true);
  t.equal(
    condition.update(5500, { ...limits, value: 78 }),
    true,
    'below the threshold is not over',
  );
  t.equal(condition.update(6400, { ...limits, value: 10 }), true);
  t.equal(condition.update(7400, { ...limits, value: 10 }), false);
  t.equal(condition.isRaised, false);
  t.end();
});

t.test('without a time to sustain one sample is enough; an unknown one changes nothing', (t) => {
  const condition = new AlertCondition();
  const atOnce = { threshold: 0, clearBelow: 1, sustainMs: 0 };
  t.equal(condition.update(0, { ...atOnce, value: NaN }), false);
  t.equal(condition.update(1, { ...atOnce, value: 1 }), true);
  t.equal(condition.update(2, { ...atOnce, value: NaN }), true);
  t.equal(condition.update(3, { ...atOnce, value: 0 }), false);
  t.end();
});
