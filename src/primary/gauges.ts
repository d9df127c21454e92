/** The present values that `/metrics` shows beside the counters, read from the workers' last reports. */
import type { WorkerGauges } from '../ipc/worker-messages.js';
import type { Gauge, GaugeSample } from '../telemetry/metrics-registry.js';
import { inFlightByServer, type StatusSource } from './status-documents.js';

export function primaryGauges(source: StatusSource): readonly Gauge[] {
  const { tree, version } = source;
  const perWorker = (pick: (gauges: WorkerGauges) => number) => (): GaugeSample[] =>
    tree.workers.flatMap(({ index, gauges }) =>
      gauges === null ? [] : [{ labels: { worker: String(index + 1) }, value: pick(gauges) }],
    );
  return [
    {
      name: 'multi_mcp_build_info',
      help: 'Always 1; the labels tell what runs.',
      samples: () => {
        const engine = tree.workers[0]?.front?.name ?? 'none';
        return [{ labels: { version, node: process.version, engine }, value: 1 }];
      },
    },
    {
      name: 'multi_mcp_requests_in_flight',
      help: 'Exchanges with upstreams in flight.',
      samples: () =>
        Object.entries(inFlightByServer(tree)).map(([server, value]) => ({
          labels: { server },
          value,
        })),
    },
    {
      name: 'multi_mcp_workers_ready',
      help: 'HTTP workers that serve.',
      samples: () => {
        const ready = tree.workers.filter(({ process }) => process.state === 'running').length;
        return [{ labels: {}, value: ready }];
      },
    },
    {
      name: 'multi_mcp_worker_restarts',
      help: 'How often each worker was replaced.',
      samples: () =>
        tree.workers.map(({ index, process }) => ({
          labels: { worker: String(index + 1) },
          value: process.restarts,
        })),
    },
    {
      name: 'multi_mcp_client_connections',
      help: 'Open sockets of clients.',
      samples: perWorker(({ connections }) => connections),
    },
    {
      name: 'multi_mcp_listening_streams',
      help: 'Open listening streams.',
      samples: perWorker(({ listening }) => listening),
    },
    {
      name: 'multi_mcp_worker_event_loop_lag_seconds',
      help: '99th percentile of the last second.',
      samples: perWorker(({ eventLoopDelayMs }) => eventLoopDelayMs / 1000),
    },
    {
      name: 'multi_mcp_worker_resident_memory_bytes',
      help: 'Resident memory.',
      samples: perWorker(({ rssBytes }) => rssBytes),
    },
    {
      name: 'multi_mcp_dropped_log_lines',
      help: 'Request log lines lost to a full or slow disk since the worker started.',
      samples: perWorker(({ droppedLogLines }) => droppedLogLines),
    },
  ];
}
