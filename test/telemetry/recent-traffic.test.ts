import t from 'tap';
import { AdmissionCounts } from '../../src/telemetry/admission-counts.js';
import { LatencyHistogram } from '../../src/telemetry/latency-histogram.js';
import { DeltaWriter, mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { RecentTraffic } from '../../src/telemetry/recent-traffic.js';
import { OPERATION, REQUESTS } from '../../src/telemetry/request-metrics.js';

function delta(
  servers: Readonly<Record<string, Readonly<Record<string, number>>>>,
  durationsMs: readonly number[] = [],
) {
  const writer = new DeltaWriter();
  for (const [server, requests] of Object.entries(servers)) {
    for (const [key, count] of Object.entries(requests)) {
      writer.counter(REQUESTS, count, [server, ...key.split(' ')]);
    }
    const totalMs = new LatencyHistogram();
    for (const durationMs of durationsMs) totalMs.record(durationMs);
    writer.histogram(OPERATION, totalMs, [server, 'ping', '', '']);
  }
  return mergeDeltas([writer.take()]);
}

t.test('faults are ours and the server’s; refusals are counted apart', (t) => {
  const traffic = new RecentTraffic({ windowMs: 60_000, slowMs: 5000 });
  traffic.addRequests(
    0,
    delta({
      github: {
        'tools/call 200 ok': 10,
        'tools/call 502 GW_UPSTREAM_UNREACHABLE': 1,
        'tools/call 504 GW_UPSTREAM_TIMEOUT': 2,
        'tools/call 500 GW_INTERNAL': 4,
        'tools/call 503 GW_SHED': 8,
        'tools/call 503 GW_CIRCUIT_OPEN': 16,
        'tools/call 429 GW_RATE_LIMITED': 32,
        'tools/call 499 client-closed': 64,
      },
      files: { 'ping 200 ok': 1 },
    }),
  );
  t.match(traffic.of(0, 'github'), { requests: 137, faults: 7, unslotted: 8 });
  t.match(traffic.of(0, 'files'), { requests: 1, faults: 0 });
  t.match(traffic.of(0, 'nobody'), { requests: 0, faults: 0, slow: 0 });
  t.match(traffic.of(61_000, 'github'), { requests: 0, faults: 0 }, 'forgotten');
  t.end();
});

t.test('slow is what took longer, to the width of a bucket', (t) => {
  const traffic = new RecentTraffic({ windowMs: 60_000, slowMs: 5000 });
  traffic.addRequests(0, delta({ github: { 'ping 200 ok': 5 } }, [1, 100, 4900, 5500, 60_000]));
  t.match(traffic.of(0, 'github'), { slow: 2, timed: 5 });
  t.end();
});

t.test('refusals are kept by policy', (t) => {
  const traffic = new RecentTraffic({ windowMs: 60_000, slowMs: 5000 });
  const counts = new AdmissionCounts();
  for (const policy of ['user-rate', 'user-rate', 'queue']) counts.refused(policy);
  traffic.addAdmission(0, counts.take());
  counts.refused('user-rate');
  traffic.addAdmission(30_000, counts.take());
  t.same(traffic.refusals(30_000), [
    ['user-rate', 3],
    ['queue', 1],
  ]);
  t.same(traffic.refusals(200_000), [
    ['user-rate', 0],
    ['queue', 0],
  ]);
  t.end();
});

t.test('another window and another threshold hold for what comes; what was counted stays', (t) => {
  const traffic = new RecentTraffic({ windowMs: 60_000, slowMs: 5000 });
  traffic.addRequests(0, delta({ github: { 'ping 502 x': 3 } }, [1000]));
  traffic.configure(30_000, { windowMs: 10_000, slowMs: 500 });
  t.match(traffic.of(30_000, 'github'), { faults: 3, slow: 0 });
  traffic.addRequests(31_000, delta({ github: { 'ping 502 x': 1 } }, [1000]));
  t.match(traffic.of(31_000, 'github'), { faults: 4, slow: 1 });
  t.match(traffic.of(45_000, 'github'), { faults: 0, slow: 0 });
  t.end();
});
