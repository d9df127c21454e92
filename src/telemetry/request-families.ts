/**
 * The metrics of MCP requests, made from what workers report (request-metrics.ts). Names and labels
 * follow the OpenTelemetry conventions for MCP as other gateways export them.
 */
import type { MetricFamily, MetricSample } from './metric-family.js';
import { histogramSamples } from './metric-family.js';
import type { MetricTotals, ToolLabel } from './metric-totals.js';
import { OPERATION, OVERHEAD, REQUESTS, RESPONSE_BYTES, UPSTREAM } from './request-metrics.js';

/** Both have a tool third, after server and method. */
export const TOOL_LABELS: ReadonlyMap<string, ToolLabel> = new Map([
  [OPERATION, { server: 0, tool: 2 }],
  [UPSTREAM, { server: 0, tool: 2 }],
]);

export interface RequestFamiliesOptions {
  readonly totals: MetricTotals;
  /** How a server is reached: `tcp` over HTTP, `pipe` for a child process, `inproc` for a module. */
  readonly transportOf: (server: string) => string;
}

const OPERATION_LABELS = [
  'mcp_server',
  'mcp_method_name',
  'gen_ai_tool_name',
  'error_type',
  'network_transport',
];

export function requestFamilies(options: RequestFamiliesOptions): readonly MetricFamily[] {
  const { totals, transportOf } = options;
  const operation = (family: string, transport: (server: string) => string) => () =>
    totals.histograms(family).flatMap(({ labels, value }) => {
      const [mcp_server = '', mcp_method_name = '', gen_ai_tool_name = '', error_type = ''] =
        labels;
      return histogramSamples(
        {
          mcp_server,
          mcp_method_name,
          gen_ai_tool_name,
          error_type,
          network_transport: transport(mcp_server),
        },
        value,
      );
    });
  return [
    {
      name: 'multi_mcp_requests_total',
      type: 'counter',
      help: 'MCP requests that ended. reason: ok, client-closed, or the code of the error the gateway answered with.',
      labels: ['server', 'method', 'status', 'reason'],
      samples: () =>
        totals.counters(REQUESTS).map(({ labels, value }): MetricSample => {
          const [server = '', method = '', status = '', reason = ''] = labels;
          return { labels: { server, method, status, reason }, value };
        }),
    },
    {
      name: 'multi_mcp_response_bytes_total',
      type: 'counter',
      help: 'Bytes of replies sent to clients, bodies only.',
      labels: ['server'],
      samples: () =>
        totals
          .counters(RESPONSE_BYTES)
          .map(({ labels: [server = ''], value }) => ({ labels: { server }, value })),
    },
    {
      name: 'mcp_server_operation_duration_seconds',
      type: 'histogram',
      help: 'From the request to the last byte of its reply. Listening streams are not counted.',
      labels: OPERATION_LABELS,
      samples: operation(OPERATION, () => 'tcp'),
    },
    {
      name: 'mcp_client_operation_duration_seconds',
      type: 'histogram',
      help: 'From the dispatch to a server to the last byte of its answer.',
      labels: OPERATION_LABELS,
      samples: operation(UPSTREAM, transportOf),
    },
    {
      name: 'multi_mcp_gateway_overhead_seconds',
      type: 'histogram',
      help: 'What the gateway itself took, without queue and server. Phase request: to the dispatch, the upload of the body included; response: from the last byte of the server on.',
      labels: ['server', 'phase'],
      samples: () =>
        totals
          .histograms(OVERHEAD)
          .flatMap(({ labels: [server = '', phase = ''], value }) =>
            histogramSamples({ server, phase }, value),
          ),
    },
    {
      name: 'multi_mcp_metrics_lost_series_total',
      type: 'counter',
      help: 'Observations that were not counted because their label set found no room.',
      samples: () => [{ labels: {}, value: totals.lost }],
    },
  ];
}
