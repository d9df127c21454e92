/**
 * What `/metrics` shows of the way to the servers: connections of the workers, sessions and instances of
 * the upstream hosts, as they were reported last.
 */
import type { HostServerStatus } from '../ipc/host-messages.js';
import type { MetricFamily, MetricSample } from '../telemetry/metric-family.js';
import type { ProcessTree } from './process-tree.js';

const STATES = ['active', 'idle', 'connecting'] as const;

export function upstreamGauges(
  tree: () => Pick<ProcessTree, 'allWorkers' | 'hosts'>,
): readonly MetricFamily[] {
  const hosted = (pick: (status: HostServerStatus) => number) => (): MetricSample[] =>
    tree().hosts.flatMap(({ servers }) =>
      servers.map((status) => ({
        labels: { server: status.name, kind: status.kind },
        value: pick(status),
      })),
    );
  return [
    {
      name: 'multi_mcp_upstream_connections',
      help: 'Connections of the workers to an HTTP server: one series per state.',
      labels: ['server', 'state'],
      samples: () => connectionSamples(tree()),
    },
    {
      name: 'multi_mcp_upstream_sessions',
      help: 'Sessions that an upstream host keeps for clients, by hosted server.',
      labels: ['server', 'kind'],
      samples: hosted(({ sessions }) => sessions),
    },
    {
      name: 'multi_mcp_upstream_children',
      help: 'Open instances of a hosted server. Kind stdio: child processes; module: connections to the module; sse: event streams.',
      labels: ['server', 'kind'],
      samples: hosted(({ openCount }) => openCount),
    },
  ];
}

function connectionSamples({ allWorkers }: Pick<ProcessTree, 'allWorkers'>): MetricSample[] {
  const sums = new Map<string, Record<(typeof STATES)[number], number>>();
  for (const { gauges } of allWorkers) {
    for (const [server, counts] of Object.entries(gauges?.upstreamConnections ?? {})) {
      const sum = sums.get(server) ?? { active: 0, idle: 0, connecting: 0 };
      for (const state of STATES) sum[state] += counts[state];
      sums.set(server, sum);
    }
  }
  return Array.from(sums).flatMap(([server, sum]) =>
    STATES.map((state) => ({ labels: { server, state }, value: sum[state] })),
  );
}
