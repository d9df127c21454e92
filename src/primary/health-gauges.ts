/** What `/metrics` shows of health checks. */
import type { MetricFamily } from '../telemetry/metric-family.js';
import type { HealthChecks } from './health-checks.js';

export function healthGauges(
  checks: HealthChecks,
  servers: () => readonly string[],
): readonly MetricFamily[] {
  const known = () =>
    servers()
      .map((server) => ({ server, health: checks.of(server) }))
      .filter(({ health }) => health.state !== 'unknown');
  return [
    {
      name: 'multi_mcp_upstream_healthy',
      help: '1: the server answered the last health check; 0: it did not. Absent before the first.',
      labels: ['server'],
      samples: () =>
        known().map(({ server, health }) => ({
          labels: { server },
          value: health.state === 'down' ? 0 : 1,
        })),
    },
    {
      name: 'multi_mcp_health_check_duration_seconds',
      help: 'What the last health check took that asked the server.',
      labels: ['server'],
      samples: () =>
        known().flatMap(({ server, health: { latencyMs } }) =>
          latencyMs === null ? [] : [{ labels: { server }, value: latencyMs / 1000 }],
        ),
    },
    {
      name: 'multi_mcp_health_checks_total',
      type: 'counter',
      help: 'Health checks made, by how they ended.',
      labels: ['server', 'result'],
      samples: () =>
        Array.from(checks.counts()).flatMap(([server, { up, down }]) => [
          { labels: { server, result: 'up' }, value: up },
          { labels: { server, result: 'down' }, value: down },
        ]),
    },
    {
      name: 'multi_mcp_upstream_tools',
      help: 'Tools that the server lists, on the first page of its list.',
      labels: ['server'],
      samples: () =>
        known().flatMap(({ server, health: { tools } }) =>
          tools === null ? [] : [{ labels: { server }, value: tools.length }],
        ),
    },
  ];
}
