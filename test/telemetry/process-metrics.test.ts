import t from 'tap';
import { exposition } from '../../src/telemetry/exposition.js';
import { ProcessMetrics, ProcessMetricsTotals } from '../../src/telemetry/process-metrics.js';
import { readExposition } from '../support/read-exposition.js';

t.test('the metrics of real processes go over the channel and stay valid', async (t) => {
  const read: unknown = JSON.parse(JSON.stringify(await new ProcessMetrics().read()));
  const totals = new ProcessMetricsTotals();
  totals.report('1', 0, read);
  totals.report('primary', 0, read);
  for (const format of ['prometheus', 'openmetrics'] as const) {
    const families = readExposition(exposition(totals.families(), format), format);
    const memory = families.get('process_resident_memory_bytes');
    t.same(
      memory?.samples.map(({ labels }) => labels.get('worker')),
      ['1', 'primary'],
    );
    t.ok((memory?.samples[0]?.value ?? 0) > 1e6);
  }
});

t.test('counters go on where a replaced process stopped, gauges do not', async (t) => {
  const totals = new ProcessMetricsTotals();
  const life = (seconds: number) => [
    { name: 'cpu_total', type: 'counter', help: 'H.', samples: [{ labels: {}, value: seconds }] },
    { name: 'rss', type: 'gauge', help: 'H.', samples: [{ labels: {}, value: seconds }] },
  ];
  const now = () =>
    totals.families().map(({ name, samples }) => `${name} ${samples()[0]?.value ?? 'none'}`);
  totals.report('1', 0, life(5));
  totals.report('1', 0, life(7));
  totals.gone('1', 0);
  t.same(now(), []);
  totals.report('1', 0, life(2));
  t.same(now(), ['cpu_total 9', 'rss 2']);
  totals.report('1', 1, life(4));
  t.same(now(), ['cpu_total 13', 'rss 4'], 'two in a rolling restart');
  totals.gone('1', 0);
  t.same(now(), ['cpu_total 13', 'rss 4']);
  totals.report('1', 0, 'nonsense');
  totals.report('1', 0, [{ name: 1 }]);
  t.same(now(), ['cpu_total 13', 'rss 4']);
});
