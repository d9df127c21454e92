import t from 'tap';
import { exposition } from '../../src/telemetry/exposition.js';
import { MetricTotals } from '../../src/telemetry/metric-totals.js';
import { upstreamFamilies } from '../../src/telemetry/upstream-families.js';

t.test('the families are named before anything was counted', (t) => {
  const text = exposition(upstreamFamilies(new MetricTotals()), 'prometheus');
  for (const name of ['connects_total', 'connect_duration_seconds', 'connect_failures_total']) {
    t.match(text, new RegExp(`^# TYPE multi_mcp_upstream_${name} `, 'm'));
  }
  t.end();
});
