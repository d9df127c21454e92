import t from 'tap';
import type { RequestId } from '../../src/kernel/ids.js';
import { MetricsRegistry } from '../../src/telemetry/metrics-registry.js';
import { asMetricsDelta, RequestMetrics } from '../../src/telemetry/request-metrics.js';
import type { RequestRecord } from '../../src/telemetry/request-record.js';

function record(more: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'r-1' as RequestId,
    server: 'files',
    user: 'ana',
    clientAddress: '127.0.0.1',
    httpMethod: 'POST',
    method: 'tools/call',
    target: 'echo',
    status: 200,
    reason: 'ok',
    bytes: 100,
    totalMs: 4,
    queueMs: 0,
    upstreamMs: 3,
    error: null,
    ...more,
  };
}

function overTheChannel(metrics: RequestMetrics) {
  return asMetricsDelta(JSON.parse(JSON.stringify(metrics.take()))) ?? {};
}

t.test('counters grow through a worker’s replacement and never go back', async (t) => {
  const registry = new MetricsRegistry([]);
  for (let life = 0; life < 3; life += 1) {
    const worker = new RequestMetrics(() => true);
    worker.record(record());
    registry.add(overTheChannel(worker));
    registry.add(overTheChannel(worker));
  }
  t.match(
    registry.text(),
    /multi_mcp_requests_total\{server="files",method="tools\/call",status="200",reason="ok"\} 3\n/,
  );
  t.match(registry.text(), /multi_mcp_response_bytes_total\{server="files"\} 300\n/);
});

t.test('histogram buckets grow with their bound and end with all', async (t) => {
  const worker = new RequestMetrics(() => true);
  for (const totalMs of [0.1, 1, 3, 40, 900, 100_000]) worker.record(record({ totalMs }));
  const registry = new MetricsRegistry([]);
  registry.add(overTheChannel(worker));
  const counts = [
    ...registry.text().matchAll(/mcp_server_operation_duration_seconds_bucket\{[^}]*\} (\d+)/g),
  ].map(([, count]) => Number(count));
  t.same(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  t.equal(counts.at(-1), 6);
  t.match(registry.text(), /mcp_server_operation_duration_seconds_count\{mcp_server="files"\} 6\n/);
});

t.test('names from outside make no series', async (t) => {
  const worker = new RequestMetrics((name) => name === 'files');
  for (let i = 0; i < 100; i += 1) {
    worker.record(record({ server: `scan-${i}`, method: `made/up-${i}`, status: 404 }));
  }
  t.same(Object.keys(worker.take()), ['unknown']);
  worker.record(record({ method: 'made/up' }));
  t.same(Object.keys(worker.take()['files']?.requests ?? {}), ['other 200 ok']);
});

t.test('label values are escaped, gauges are asked at each scrape', async (t) => {
  let value = 1;
  const samples = () => [{ labels: { name: 'a"b\\c\nd' }, value: value++ }];
  const registry = new MetricsRegistry([{ name: 'g', help: 'h', samples }]);
  t.match(registry.text(), 'g{name="a\\"b\\\\c\\nd"} 1');
  t.match(registry.text(), '} 2');
});

t.test('the document for people sums outcomes and names percentiles', async (t) => {
  const worker = new RequestMetrics(() => true);
  worker.record(record());
  worker.record(record({ status: 502, reason: 'GW_UPSTREAM_UNREACHABLE' }));
  const registry = new MetricsRegistry([]);
  registry.add(overTheChannel(worker));
  t.match(registry.document(), {
    requests: { total: 2, errors: 1 },
    servers: {
      files: { requests: { 'ok 200': 1, GW_UPSTREAM_UNREACHABLE: 1 }, durationMs: { count: 2 } },
    },
  });
  t.equal(asMetricsDelta('nonsense'), null);
  t.equal(asMetricsDelta({ files: 1 }), null);
});
