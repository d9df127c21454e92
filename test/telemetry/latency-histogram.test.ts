import fc from 'fast-check';
import t from 'tap';
import { LatencyHistogram } from '../../src/telemetry/latency-histogram.js';

const durations = fc.array(fc.double({ min: 0, max: 5_000_000, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
  size: 'max',
});

t.test('a quantile is at most 9 % above the exact one', async (t) => {
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, quantile) => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.record(value);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(sorted.length * quantile) - 1] ?? 0;
      const read = histogram.quantileMs(quantile);
      t.ok(
        read >= exact &&
          (read === Infinity ? exact > 900_000 : read <= Math.max(exact * 1.091, 1 / 16)),
      );
    }),
  );
});

t.test('what workers took adds up to what they recorded, whatever the moments', async (t) => {
  fc.assert(
    fc.property(durations, fc.nat(10), (values, every) => {
      const whole = new LatencyHistogram();
      const worker = new LatencyHistogram();
      const primary = new LatencyHistogram();
      values.forEach((value, i) => {
        whole.record(value);
        worker.record(value);
        if (i % (every + 1) === 0) primary.add(worker.take());
      });
      primary.add(worker.take());
      t.same(primary.snapshot().buckets, whole.snapshot().buckets);
      t.equal(primary.snapshot().count, values.length);
      t.equal(worker.snapshot().count, 0);
    }),
  );
});

t.test('an empty histogram has no quantile', async (t) => {
  t.equal(new LatencyHistogram().quantileMs(0.99), 0);
  t.same(new LatencyHistogram().atMost(24, 3), [0, 0, 0]);
});

t.test('how many were at most a bound is exact, the bound included', async (t) => {
  const histogram = new LatencyHistogram();
  for (const ms of [0.01, 0.5, 0.5000001, 1, 1.5, 2, 1e9]) histogram.record(ms);
  t.same(histogram.atMost(24, 4), [2, 4, 6, 6], 'bounds 0.5, 1, 2 and 4 ms');
});
