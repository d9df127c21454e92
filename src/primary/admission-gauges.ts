/** What `/metrics` shows of admission; names after ECOSYSTEM §5.1. No label names a user. */
import type { AdmissionTotals } from '../telemetry/admission-totals.js';
import {
  histogramSamples,
  type MetricFamily,
  type MetricSample,
} from '../telemetry/metric-family.js';
import type { AdmissionSnapshot, ServerAdmission } from './admission-broker.js';

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const;

export function admissionGauges(
  snapshot: () => AdmissionSnapshot,
  totals: AdmissionTotals,
): readonly MetricFamily[] {
  const perServer = (pick: (server: ServerAdmission) => number) => (): MetricSample[] =>
    Array.from(snapshot().servers, ([server, facts]) => ({
      labels: { server },
      value: pick(facts),
    }));
  return [
    ...budgetGauges(snapshot, perServer),
    ...queueGauges(perServer, totals),
    ...breakerGauges(snapshot),
    ...rateGauges(snapshot, totals),
  ];
}

type PerServer = (pick: (server: ServerAdmission) => number) => () => MetricSample[];

function budgetGauges(
  snapshot: () => AdmissionSnapshot,
  perServer: PerServer,
): readonly MetricFamily[] {
  return [
    {
      name: 'multi_mcp_slots_leased',
      help: 'Slots of the total budget that workers hold; in flight, or idle for a moment.',
      samples: () => [{ labels: {}, value: snapshot().calls.total.out }],
    },
    {
      name: 'multi_mcp_slots_limit',
      help: 'The total budget.',
      samples: () => [{ labels: {}, value: snapshot().calls.total.limit }],
    },
    {
      name: 'multi_mcp_upstream_slots_leased',
      help: 'Slots of a server that workers hold.',
      labels: ['server'],
      samples: perServer(({ out }) => out),
    },
    {
      name: 'multi_mcp_upstream_limit',
      help: 'Exchanges that may be in flight with a server now, after adaptation.',
      labels: ['server'],
      samples: perServer(({ effectiveLimit }) => effectiveLimit),
    },
    {
      name: 'multi_mcp_upstream_configured_limit',
      help: 'Exchanges that may be in flight with a server by the configuration.',
      labels: ['server'],
      samples: perServer(({ configuredLimit }) => configuredLimit),
    },
  ];
}

function queueGauges(perServer: PerServer, totals: AdmissionTotals): readonly MetricFamily[] {
  return [
    {
      name: 'multi_mcp_upstream_pending_requests',
      help: 'Calls that wait for a slot.',
      labels: ['server'],
      samples: perServer(({ queued }) => queued),
    },
    {
      name: 'multi_mcp_upstream_pending_overflow_total',
      type: 'counter',
      help: 'Calls refused because they could not even wait for a slot: the queue was full, the user’s part of it was, or it did not drain.',
      labels: ['server'],
      samples: () =>
        Array.from(totals.overflows, ([server, value]) => ({ labels: { server }, value })),
    },
    {
      name: 'multi_mcp_upstream_queue_wait_seconds',
      type: 'histogram',
      help: 'Wait for a slot, of calls that had to ask for one.',
      labels: ['server'],
      samples: () =>
        Array.from(totals.queueWait, ([server, waits]) =>
          histogramSamples({ server }, waits),
        ).flat(),
    },
    {
      name: 'multi_mcp_upstream_retries_total',
      type: 'counter',
      help: 'Second attempts.',
      labels: ['server'],
      samples: () =>
        Array.from(totals.retries, ([server, value]) => ({ labels: { server }, value })),
    },
  ];
}

function breakerGauges(snapshot: () => AdmissionSnapshot): readonly MetricFamily[] {
  const perState = (pick: (server: ServerAdmission, state: BreakerState) => number) => () =>
    Array.from(snapshot().servers).flatMap(([server, facts]) =>
      BREAKER_STATES.map((state) => ({ labels: { server, state }, value: pick(facts, state) })),
    );
  return [
    {
      name: 'multi_mcp_circuit_breaker_state',
      help: 'One series per state: 1 for the present one, else 0.',
      labels: ['server', 'state'],
      samples: perState(({ breaker }, state) => (breaker.state === state ? 1 : 0)),
    },
    {
      name: 'multi_mcp_circuit_breaker_transitions_total',
      type: 'counter',
      help: 'Changes to a state.',
      labels: ['server', 'to'],
      samples: () =>
        Array.from(snapshot().servers).flatMap(([server, { breaker }]) =>
          BREAKER_STATES.map((to) => ({
            labels: { server, to },
            value: breaker.transitions[to],
          })),
        ),
    },
  ];
}

type BreakerState = (typeof BREAKER_STATES)[number];

function rateGauges(
  snapshot: () => AdmissionSnapshot,
  totals: AdmissionTotals,
): readonly MetricFamily[] {
  return [
    {
      name: 'multi_mcp_rate_limit_decisions_total',
      type: 'counter',
      help: 'Calls refused, by the policy that refused; policy "admission" counts the admitted.',
      labels: ['policy', 'decision'],
      samples: () => [
        { labels: { policy: 'admission', decision: 'admitted' }, value: totals.admitted },
        ...Array.from(totals.refused, ([policy, value]) => ({
          labels: { policy, decision: 'refused' },
          value,
        })),
      ],
    },
    {
      name: 'multi_mcp_rate_limit_effective_per_second',
      help: 'Rates that hold now, after adaptation.',
      labels: ['limit', 'server'],
      samples: () => effectiveRates(snapshot()),
    },
    {
      name: 'multi_mcp_rate_limit_scale_ratio',
      help: 'Factor on all rates: 1, or less under load.',
      samples: () => [{ labels: {}, value: snapshot().scale }],
    },
    {
      name: 'multi_mcp_load_ratio',
      help: 'How loaded the machine is, by signal; 1 = no more to give.',
      labels: ['signal'],
      samples: () => {
        const { load } = snapshot();
        if (load === null) return [];
        const signals = ['cpu', 'memory', 'eventLoopDelay', 'errorRate'] as const;
        return signals.map((signal) => ({ labels: { signal }, value: load[signal] }));
      },
    },
    {
      name: 'multi_mcp_rate_limit_accounts',
      help: 'Limits that constrain someone now.',
      samples: () => [{ labels: {}, value: snapshot().rateAccounts }],
    },
  ];
}

/** Apart from the snapshot: it goes through every account, which is worth it once a scrape. */
export function leaseTokenGauge(lent: () => ReadonlyMap<string, number>): MetricFamily {
  return {
    name: 'multi_mcp_lease_tokens',
    help: 'Calls that workers may admit without asking, of the limits of a kind: lent to them and not yet reported as spent.',
    labels: ['kind'],
    samples: () => Array.from(lent(), ([kind, value]) => ({ labels: { kind }, value })),
  };
}

function effectiveRates({ rates }: AdmissionSnapshot): readonly MetricSample[] {
  const { gatewayPerSecond, userPerSecond, serverPerSecond } = rates;
  const one = (limit: string, value: number | null): MetricSample[] =>
    value === null ? [] : [{ labels: { limit }, value }];
  return [
    ...one('gateway', gatewayPerSecond),
    ...one('user', userPerSecond),
    ...Object.entries(serverPerSecond).map(([server, value]) => ({
      labels: { limit: 'server', server },
      value,
    })),
  ];
}
