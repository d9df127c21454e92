/** The metrics of connections to HTTP servers, made from what workers report (upstream-connects.ts). */
import { histogramSamples, type MetricFamily } from './metric-family.js';
import type { MetricTotals } from './metric-totals.js';
import { CONNECT, CONNECT_FAILURES } from './upstream-connects.js';

export function upstreamFamilies(totals: MetricTotals): readonly MetricFamily[] {
  return [
    {
      name: 'multi_mcp_upstream_connects_total',
      type: 'counter',
      help: 'Connections made to an HTTP server, for calls.',
      labels: ['server'],
      samples: () =>
        totals.histograms(CONNECT).map(({ labels: [server = ''], value }) => ({
          labels: { server },
          value: value.count,
        })),
    },
    {
      name: 'multi_mcp_upstream_connect_duration_seconds',
      type: 'histogram',
      help: 'What it took to connect to an HTTP server, with name look-up and TLS.',
      labels: ['server'],
      samples: () =>
        totals
          .histograms(CONNECT)
          .flatMap(({ labels: [server = ''], value }) => histogramSamples({ server }, value)),
    },
    {
      name: 'multi_mcp_upstream_connect_failures_total',
      type: 'counter',
      help: 'Connections to an HTTP server that could not be made, by why: refused, reset, timeout, unreachable, dns, tls, files or other.',
      labels: ['server', 'reason'],
      samples: () =>
        totals.counters(CONNECT_FAILURES).map(({ labels: [server = '', reason = ''], value }) => ({
          labels: { server, reason },
          value,
        })),
    },
  ];
}
