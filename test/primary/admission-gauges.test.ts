import t from 'tap';
import type { AdmissionSnapshot } from '../../src/primary/admission-broker.js';
import { admissionGauges, leaseTokenGauge } from '../../src/primary/admission-gauges.js';
import { AdmissionCounts } from '../../src/telemetry/admission-counts.js';
import { AdmissionTotals } from '../../src/telemetry/admission-totals.js';
import { exposition } from '../../src/telemetry/exposition.js';

const ledger = {
  total: { out: 7, limit: 500 },
  queued: 2,
  users: 3,
  servers: [],
  excessReturns: 0,
};

const snapshot: AdmissionSnapshot = {
  calls: ledger,
  streams: ledger,
  rates: { gatewayPerSecond: 100, userPerSecond: null, serverPerSecond: { s: 25 } },
  rateAccounts: 4,
  scale: 0.5,
  load: { cpu: 0.9, memory: 0.1, eventLoopDelay: 0, errorRate: 0 },
  servers: new Map([
    [
      's',
      {
        breaker: {
          state: 'open',
          failureRatio: 0.8,
          transitions: { closed: 0, open: 1, 'half-open': 0 },
        },
        configuredLimit: 50,
        effectiveLimit: 40,
        out: 7,
        queued: 2,
        usualMs: 12,
      },
    ],
  ]),
  sweptAccounts: 9,
};

t.test('budgets, queue, decisions, breakers and effective limits are in /metrics', (t) => {
  const counts = new AdmissionCounts();
  counts.admitted();
  counts.refused('user-rate');
  counts.waited('s', 40);
  counts.retried('s');
  counts.overflowed('s');
  const totals = new AdmissionTotals();
  totals.add(counts.take());
  totals.add(counts.take());
  const text = exposition(
    [...admissionGauges(() => snapshot, totals), leaseTokenGauge(() => new Map([['user', 3]]))],
    'prometheus',
  );
  for (const line of [
    'multi_mcp_slots_leased 7',
    'multi_mcp_slots_limit 500',
    'multi_mcp_upstream_limit{server="s"} 40',
    'multi_mcp_upstream_configured_limit{server="s"} 50',
    'multi_mcp_upstream_pending_requests{server="s"} 2',
    '# TYPE multi_mcp_upstream_queue_wait_seconds histogram',
    'multi_mcp_upstream_queue_wait_seconds_bucket{server="s",le="+Inf"} 1',
    'multi_mcp_upstream_queue_wait_seconds_count{server="s"} 1',
    'multi_mcp_upstream_retries_total{server="s"} 1',
    'multi_mcp_upstream_pending_overflow_total{server="s"} 1',
    'multi_mcp_lease_tokens{kind="user"} 3',
    'multi_mcp_circuit_breaker_state{server="s",state="open"} 1',
    'multi_mcp_circuit_breaker_state{server="s",state="closed"} 0',
    'multi_mcp_circuit_breaker_transitions_total{server="s",to="open"} 1',
    '# TYPE multi_mcp_rate_limit_decisions_total counter',
    'multi_mcp_rate_limit_decisions_total{policy="admission",decision="admitted"} 1',
    'multi_mcp_rate_limit_decisions_total{policy="user-rate",decision="refused"} 1',
    'multi_mcp_rate_limit_effective_per_second{limit="gateway"} 100',
    'multi_mcp_rate_limit_effective_per_second{limit="server",server="s"} 25',
    'multi_mcp_rate_limit_scale_ratio 0.5',
    'multi_mcp_load_ratio{signal="cpu"} 0.9',
    'multi_mcp_rate_limit_accounts 4',
  ]) {
    t.ok(text.split('\n').includes(line), line);
  }
  t.notMatch(text, /limit="user"/, 'a limit that does not exist is not shown');
  t.end();
});
