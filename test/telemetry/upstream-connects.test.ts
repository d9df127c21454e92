import t from 'tap';
import { exposition } from '../../src/telemetry/exposition.js';
import { DeltaWriter, mergeDeltas } from '../../src/telemetry/metric-delta.js';
import { MetricTotals } from '../../src/telemetry/metric-totals.js';
import { UpstreamConnects } from '../../src/telemetry/upstream-connects.js';
import { upstreamFamilies } from '../../src/telemetry/upstream-families.js';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

t.test('attempts to connect are counted by server, failures by a handful of reasons', (t) => {
  const connects = new UpstreamConnects();
  const writer = new DeltaWriter();
  const totals = new MetricTotals();
  const report = (): void => {
    connects.report(writer);
    totals.add(mergeDeltas([writer.take()]));
  };
  connects.ended('files', 3, null);
  connects.ended('files', 5, null);
  connects.ended('files', 1, failure('ECONNREFUSED'));
  report();
  connects.ended('files', 1, failure('ECONNREFUSED'));
  const others = ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ENOTFOUND', 'CERT_HAS_EXPIRED'];
  for (const code of [...others, 'DEPTH_ZERO_SELF_SIGNED_CERT', 'constructor']) {
    connects.ended('mail', 1, failure(code));
  }
  connects.ended('mail', 1, new Error('no code'));
  report();
  report();
  const lines = exposition(upstreamFamilies(totals), 'prometheus').split('\n');
  for (const line of [
    'multi_mcp_upstream_connects_total{server="files"} 2',
    'multi_mcp_upstream_connect_duration_seconds_count{server="files"} 2',
    'multi_mcp_upstream_connect_duration_seconds_sum{server="files"} 0.008',
    'multi_mcp_upstream_connect_failures_total{server="files",reason="refused"} 2',
    'multi_mcp_upstream_connect_failures_total{server="mail",reason="timeout"} 2',
    'multi_mcp_upstream_connect_failures_total{server="mail",reason="dns"} 1',
    'multi_mcp_upstream_connect_failures_total{server="mail",reason="tls"} 2',
    'multi_mcp_upstream_connect_failures_total{server="mail",reason="other"} 2',
  ]) {
    t.ok(lines.includes(line), line);
  }
  t.end();
});
