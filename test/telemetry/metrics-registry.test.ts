import t from 'tap';
import { DeltaWriter, mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { MetricTotals } from '../../src/telemetry/metric-totals.js';
import { MetricsRegistry } from '../../src/telemetry/metrics-registry.js';
import { requestFamilies, TOOL_LABELS } from '../../src/telemetry/request-families.js';
import { RequestMetrics } from '../../src/telemetry/request-metrics.js';
import { readExposition } from '../support/read-exposition.js';
import { requestRecord } from '../support/request-record.js';

function rig() {
  const totals = new MetricTotals(TOOL_LABELS);
  const families = requestFamilies({ totals, transportOf: () => 'pipe' });
  const registry = new MetricsRegistry({ totals, families });
  const worker = () => new RequestMetrics({ isServer: (n) => n === 'files', isTool: () => true });
  const report = (metrics: RequestMetrics) => {
    const writer = new DeltaWriter();
    metrics.report(writer);
    totals.add(mergeDeltas([writer.take()]));
  };
  return { registry, worker, report };
}

t.test('counters grow through a worker’s replacement and never go back', async (t) => {
  const { registry, worker, report } = rig();
  for (let life = 0; life < 3; life += 1) {
    const metrics = worker();
    metrics.record(requestRecord());
    report(metrics);
    report(metrics);
  }
  const text = registry.text('prometheus');
  t.match(
    text,
    'multi_mcp_requests_total{server="files",method="tools/call",status="200",reason="ok"} 3\n',
  );
  t.match(text, 'multi_mcp_response_bytes_total{server="files"} 300\n');
});

t.test('both text forms hold to their grammar and tell the same', async (t) => {
  const { registry, worker, report } = rig();
  const metrics = worker();
  for (const totalMs of [0.1, 0.5, 1, 3, 40, 900, 100_000]) {
    metrics.record(requestRecord({ totalMs, upstreamMs: totalMs / 2, beforeMs: totalMs / 4 }));
  }
  metrics.record(
    requestRecord({ status: 502, reason: 'GW_UPSTREAM_UNREACHABLE', target: 'a"b\\c' }),
  );
  report(metrics);
  const plain = readExposition(registry.text('prometheus'), 'prometheus');
  const open = readExposition(registry.text('openmetrics'), 'openmetrics');
  t.same(
    [...plain.keys()].map((name) => name.replace(/_total$/, '')),
    [...open.keys()],
  );
  const duration = open.get('mcp_server_operation_duration_seconds');
  t.equal(duration?.unit, 'seconds');
  const ofEcho = (le: string) =>
    duration?.samples.find(
      ({ labels }) => labels.get('gen_ai_tool_name') === 'echo' && labels.get('le') === le,
    )?.value;
  t.same(['0.0005', '0.001', '0.004', '65.536', '+Inf'].map(ofEcho), [2, 3, 4, 6, 7]);
  t.match(
    duration?.samples.find(({ labels }) => labels.get('gen_ai_tool_name') === 'a"b\\c')?.labels,
    new Map([['error_type', 'GW_UPSTREAM_UNREACHABLE']]),
  );
});

t.test('the document for people sums outcomes and names percentiles', async (t) => {
  const { registry, worker, report } = rig();
  const metrics = worker();
  metrics.record(requestRecord());
  metrics.record(requestRecord({ status: 502, reason: 'GW_UPSTREAM_UNREACHABLE' }));
  report(metrics);
  t.match(registry.document(), {
    requests: { total: 2, errors: 1 },
    servers: {
      files: {
        requests: { 'ok 200': 1, GW_UPSTREAM_UNREACHABLE: 1 },
        durationMs: { count: 2 },
        tools: { echo: { count: 2 } },
      },
    },
  });
});
