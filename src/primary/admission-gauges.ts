/** What `/metrics` shows of admission; names after ECOSYSTEM §5.1. No label names a user. */
import type { AdmissionTotals } from '../telemetry/admission-totals.js';
import { histogramSamples, type Gauge, type GaugeSample } from '../telemetry/metrics-registry.js';
import type { AdmissionSnapshot, ServerAdmission } from './admission-broker.js';

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const;

export function admissionGauges(
  snapshot: () => AdmissionSnapshot,
  totals: AdmissionTotals,
): readonly Gauge[] {
  const perServer = (pick: (server: ServerAdmission) => number) => (): GaugeSample[] =>
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

type PerServer = (pick: (server: ServerAdmission) => number) => () => GaugeSample[];

function budgetGauges(snapshot: () => AdmissionSnapshot, perServer: PerServer): readonly Gauge[] {
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
      samples: perServer(({ out }) => out),
    },
    {
      name: 'multi_mcp_upstream_limit',
      help: 'Exchanges that may be in flight with a server now, after adaptation.',
      samples: perServer(({ effectiveLimit }) => effectiveLimit),
    },
    {
      name: 'multi_mcp_upstream_configured_limit',
      help: 'Exchanges that may be in flight with a server by the configuration.',
      samples: perServer(({ configuredLimit }) => configuredLimit),
    },
  ];
}

function queueGauges(perServer: PerServer, totals: AdmissionTotals): readonly Gauge[] {
  return [
    {
      name: 'multi_mcp_upstream_pending_requests',
      help: 'Calls that wait for a slot.',
      samples: perServer(({ queued }) => queued),
    },
    {
      name: 'multi_mcp_upstream_queue_wait_seconds',
      type: 'histogram',
      help: 'Wait for a slot, of calls that had to ask for one.',
      samples: () =>
        Array.from(totals.queueWait, ([server, waits]) =>
          histogramSamples({ server }, waits),
        ).flat(),
    },
    {
      name: 'multi_mcp_upstream_retries_total',
      type: 'counter',
      help: 'Second attempts.',
      samples: () =>
        Array.from(totals.retries, ([server, value]) => ({ labels: { server }, value })),
    },
  ];
}

function breakerGauges(snapshot: () => AdmissionSnapshot): readonly Gauge[] {
  const perState = (pick: (server: ServerAdmission, state: BreakerState) => number) => () =>
    Array.from(snapshot().servers).flatMap(([server, facts]) =>
      BREAKER_STATES.map((state) => ({ labels: { server, state }, value: pick(facts, state) })),
    );
  return [
    {
      name: 'multi_mcp_circuit_breaker_state',
      help: 'One series per state: 1 for the present one, else 0.',
      samples: perState(({ breaker }, state) => (breaker.state === state ? 1 : 0)),
    },
    {
      name: 'multi_mcp_circuit_breaker_transitions_total',
      type: 'counter',
      help: 'Changes to a state.',
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

function rateGauges(snapshot: () => AdmissionSnapshot, totals: AdmissionTotals): readonly Gauge[] {
  return [
    {
      name: 'multi_mcp_rate_limit_decisions_total',
      type: 'counter',
      help: 'Calls refused, by the policy that refused; policy "admission" counts the admitted.',
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
    {
      name: 'multi_mcp_cleanup_removed_total',
      type: 'counter',
      help: 'What the periodic clean-up has removed.',
      samples: () => [{ labels: { table: 'rate-limits' }, value: snapshot().sweptAccounts }],
    },
  ];
}

function effectiveRates({ rates }: AdmissionSnapshot): readonly GaugeSample[] {
  const { gatewayPerSecond, userPerSecond, serverPerSecond } = rates;
  const one = (limit: string, value: number | null): GaugeSample[] =>
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
