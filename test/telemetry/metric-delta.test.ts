import fc from 'fast-check';
import t from 'tap';
import { LatencyHistogram } from '../../src/telemetry/latency-histogram.js';
import { DeltaWriter, mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { MetricTotals } from '../../src/telemetry/metric-totals.js';

const label = fc.string({ maxLength: 20, unit: 'grapheme' });
const observation = fc.record({
  family: fc.constantFrom('a', 'b'),
  label: fc.constantFrom('x', 'y', 'z'),
  ms: fc.double({ min: 0, max: 100_000, noNaN: true }),
});

t.test('whatever is reported in whatever pieces adds up to what was recorded', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.array(observation, { size: 'max', maxLength: 30 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      (perWorker, batch) => {
        const reports = perWorker.map((observations) => {
          const histograms = new Map<string, LatencyHistogram>();
          const writer = new DeltaWriter();
          for (const { family, label: name, ms } of observations) {
            const key = `${family} ${name}`;
            const histogram = histograms.get(key) ?? new LatencyHistogram();
            histograms.set(key, histogram);
            histogram.record(ms);
            writer.counter(`${family}_count`, 1, [name]);
          }
          for (const [key, histogram] of histograms) {
            const [family = '', name = ''] = key.split(' ');
            writer.histogram(family, histogram, [name]);
          }
          return writer.take();
        });
        const totals = new MetricTotals();
        for (let i = 0; i < reports.length; i += batch) {
          totals.add(mergeDeltas(reports.slice(i, i + batch)));
        }
        const all = perWorker.flat();
        for (const family of ['a', 'b']) {
          for (const name of ['x', 'y', 'z']) {
            const mine = all.filter((o) => o.family === family && o.label === name);
            const whole = new LatencyHistogram();
            for (const { ms } of mine) whole.record(ms);
            const histogram = totals.histograms(family).find((s) => s.labels[0] === name)?.value;
            t.same(
              (histogram ?? new LatencyHistogram()).snapshot().buckets,
              whole.snapshot().buckets,
            );
            t.ok(Math.abs((histogram?.sumMs ?? 0) - whole.sumMs) <= 1e-6 * (1 + whole.sumMs));
            const counter = totals.counters(`${family}_count`).find((s) => s.labels[0] === name);
            t.equal(counter?.value ?? 0, mine.length);
          }
        }
      },
    ),
    { numRuns: 50 },
  );
});

t.test('no label can end its line or make another', async (t) => {
  fc.assert(
    fc.property(fc.array(label, { maxLength: 4 }), (labels) => {
      const writer = new DeltaWriter();
      writer.counter('f', 2, [...labels, 'tab\tand\nline']);
      const { series, numbers } = mergeDeltas([writer.take()]);
      t.equal(series.length, 1);
      t.equal(series[0]?.split('\t').length, labels.length + 2);
      t.same([...numbers], [1, 2]);
    }),
  );
});

t.test('an empty report is empty, and nonsense adds nothing', async (t) => {
  const writer = new DeltaWriter();
  writer.counter('f', 0, []);
  writer.histogram('g', new LatencyHistogram(), []);
  t.equal(writer.take(), '');
  const { series } = mergeDeltas(['f\tNaN\tx\n\nlonely\nf\th1;a:b;-3:4\tx\n', 'f\t7\tx\n']);
  t.same(series, ['f\tx'], 'the second kind of a series is not mixed into the first');
});
