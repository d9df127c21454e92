/** What `/metrics` shows of the machines that share their limits. */
import type { MetricFamily } from '../telemetry/metric-family.js';
import type { MachinesView } from './machines-view.js';

/** Of which limits the part is shown: the servers' own are many, and `multi_mcp_upstream_limit` has them. */
const SHOWN = ['total', 'users', 'rate:gateway', 'rate:users'] as const;

export function machineGauges(view: () => MachinesView | null): readonly MetricFamily[] {
  return [
    {
      name: 'multi_mcp_machines',
      help: 'Machines that share their limits with this one, itself among them; absent when it has them to itself.',
      labels: [],
      samples: () => {
        const machines = view();
        return machines === null ? [] : [{ labels: {}, value: machines.list.length }];
      },
    },
    {
      name: 'multi_mcp_machine_share_ratio',
      help: 'The part of a limit that this machine may use now, by limit.',
      labels: ['limit'],
      samples: () => {
        const machines = view();
        if (machines === null) return [];
        return SHOWN.map((limit) => {
          return {
            labels: { limit },
            value: machines.shares[limit] ?? (machines.isDivided ? 0 : 1),
          };
        });
      },
    },
    {
      name: 'multi_mcp_machine_lease_age_seconds',
      help: 'Since this machine renewed its lease; beyond `machines.leaseTimeout` others may use its shares.',
      labels: [],
      samples: () => {
        const ageMs = view()?.list[0]?.renewedMsAgo ?? null;
        return ageMs === null ? [] : [{ labels: {}, value: ageMs / 1000 }];
      },
    },
  ];
}
