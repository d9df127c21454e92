/** What `/metrics` shows of processes and the machine, read from the last reports and samples. */
import type { WorkerGauges } from '../ipc/worker-messages.js';
import type { LifetimeSums } from '../telemetry/lifetime-sums.js';
import type { MetricFamily, MetricSample } from '../telemetry/metric-family.js';
import { inFlightByServer, type StatusSource } from './status-documents.js';
import type { SystemSample } from './system-sampler.js';

/** What workers, and hosts where they do, count since their start, summed over all lives of a place. */
export interface WorkerSums {
  readonly droppedLogLines: LifetimeSums;
  readonly refusedConnections: LifetimeSums;
  readonly refusedRequests: LifetimeSums;
}

export function primaryGauges(source: StatusSource, sums: WorkerSums): readonly MetricFamily[] {
  return [
    ...gatewayFamilies(source),
    ...workerFamilies(source, sums),
    logFamily(source, sums),
    ...systemFamilies(source),
  ];
}

function gatewayFamilies(source: StatusSource): readonly MetricFamily[] {
  const { tree, version, startedAt } = source;
  return [
    {
      name: 'multi_mcp_build_info',
      help: 'Always 1; the labels tell what runs. engine: the front that serves HTTP.',
      labels: ['version', 'node', 'engine'],
      samples: () => {
        const engine = tree.workers[0]?.front?.name ?? 'none';
        return [{ labels: { version, node: process.version, engine }, value: 1 }];
      },
    },
    {
      name: 'multi_mcp_start_time_seconds',
      help: 'When the gateway was started, in seconds since 1970. Every counter began at 0 then.',
      samples: () => [{ labels: {}, value: startedAt.getTime() / 1000 }],
    },
    {
      name: 'multi_mcp_requests_in_flight',
      help: 'Exchanges with servers in flight.',
      labels: ['server'],
      samples: () =>
        Object.entries(inFlightByServer(tree)).map(([server, value]) => ({
          labels: { server },
          value,
        })),
    },
    {
      name: 'multi_mcp_upstream_host_restarts_total',
      type: 'counter',
      help: 'How often an upstream host was replaced.',
      labels: ['host'],
      samples: () =>
        tree.hosts.map(({ index, process }) => ({
          labels: { host: String(index) },
          value: process.restarts,
        })),
    },
  ];
}

function workerFamilies({ tree }: StatusSource, sums: WorkerSums): readonly MetricFamily[] {
  const perWorker = (pick: (gauges: WorkerGauges) => number) => (): MetricSample[] =>
    tree.workers.flatMap(({ index, gauges }) =>
      gauges === null ? [] : [{ labels: { worker: String(index + 1) }, value: pick(gauges) }],
    );
  const summed = (lifetimes: LifetimeSums) => (): MetricSample[] =>
    Array.from(lifetimes.totals(), ([worker, value]) => ({ labels: { worker }, value }));
  const labels = ['worker'];
  return [
    {
      name: 'multi_mcp_workers_ready',
      help: 'HTTP workers that serve.',
      samples: () => {
        const ready = tree.workers.filter(({ process }) => process.state === 'running').length;
        return [{ labels: {}, value: ready }];
      },
    },
    {
      name: 'multi_mcp_worker_restarts_total',
      type: 'counter',
      help: 'How often a worker was replaced after its death.',
      labels,
      samples: () =>
        tree.workers.map(({ index, process }) => ({
          labels: { worker: String(index + 1) },
          value: process.restarts,
        })),
    },
    {
      name: 'multi_mcp_client_connections',
      help: 'Open sockets of clients.',
      labels,
      samples: perWorker(({ connections }) => connections),
    },
    {
      name: 'multi_mcp_client_connections_refused_total',
      type: 'counter',
      help: 'Sockets closed at once because the worker had its most.',
      labels,
      samples: summed(sums.refusedConnections),
    },
    {
      name: 'multi_mcp_http_requests_refused_total',
      type: 'counter',
      help: 'Requests refused by their head alone: framing, Host, Origin, repeated headers.',
      labels,
      samples: summed(sums.refusedRequests),
    },
    {
      name: 'multi_mcp_listening_streams',
      help: 'Open listening streams.',
      labels,
      samples: perWorker(({ listening }) => listening),
    },
    {
      name: 'multi_mcp_slots_idle',
      help: 'Slots that a worker holds and does not use at the moment.',
      labels,
      samples: perWorker(({ idleSlots }) =>
        Object.values(idleSlots).reduce((sum, count) => sum + count, 0),
      ),
    },
    {
      name: 'multi_mcp_cached_identities',
      help: 'Verified credentials that a worker remembers.',
      labels,
      samples: perWorker(({ cachedIdentities }) => cachedIdentities),
    },
    {
      name: 'multi_mcp_worker_event_loop_lag_seconds',
      help: '99th percentile of the last second.',
      labels,
      samples: perWorker(({ eventLoopDelayMs }) => eventLoopDelayMs / 1000),
    },
    {
      name: 'multi_mcp_worker_resident_memory_bytes',
      help: 'Resident memory, read each second.',
      labels,
      samples: perWorker(({ rssBytes }) => rssBytes),
    },
    {
      name: 'multi_mcp_worker_heap_used_bytes',
      help: 'Used JavaScript heap, read each second.',
      labels,
      samples: perWorker(({ heapUsedBytes }) => heapUsedBytes),
    },
  ];
}

/** Of all processes; the primary, which outlives them, tells its own. */
function logFamily({ droppedLogLines }: StatusSource, sums: WorkerSums): MetricFamily {
  return {
    name: 'multi_mcp_log_lines_dropped_total',
    type: 'counter',
    help: 'Log lines lost to a full or slow disk, by process: a worker’s number, host-0 and so on, or primary.',
    labels: ['worker'],
    samples: () =>
      [...sums.droppedLogLines.totals(), ['primary', droppedLogLines()] as const].map(
        ([worker, value]) => ({ labels: { worker }, value }),
      ),
  };
}

function systemFamilies({ system }: StatusSource): readonly MetricFamily[] {
  const one = (pick: (sample: SystemSample) => number) => (): MetricSample[] => {
    const sample = system();
    return sample === null ? [] : [{ labels: {}, value: pick(sample) }];
  };
  return [
    {
      name: 'multi_mcp_system_cpu_used_ratio',
      help: 'CPU in use, 0 to 1: of the cgroup’s limit where there is one, else of the machine.',
      samples: one(({ cpu }) => cpu.usedPercent / 100),
    },
    {
      name: 'multi_mcp_system_memory_used_ratio',
      help: 'Memory in use, 0 to 1: of the cgroup’s limit where there is one, else of the machine.',
      samples: one(({ memory }) => memory.usedPercent / 100),
    },
    {
      name: 'multi_mcp_system_memory_limit_bytes',
      help: 'What there is: the cgroup’s limit or the machine’s memory.',
      samples: one(({ memory }) => memory.limitBytes),
    },
    {
      name: 'multi_mcp_system_load1',
      help: 'Load average of the last minute.',
      samples: one(({ cpu }) => cpu.loadAverage[0] ?? 0),
    },
    {
      name: 'multi_mcp_system_disk_free_bytes',
      help: 'Room left where data and logs lie.',
      labels: ['of'],
      samples: () =>
        (system()?.disks ?? []).map(({ of, freeBytes }) => ({ labels: { of }, value: freeBytes })),
    },
    {
      name: 'multi_mcp_system_disk_used_ratio',
      help: 'Part in use, 0 to 1, of the file systems where data and logs lie.',
      labels: ['of'],
      samples: () =>
        (system()?.disks ?? []).map(({ of, usedPercent }) => ({
          labels: { of },
          value: usedPercent / 100,
        })),
    },
  ];
}
