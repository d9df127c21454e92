/**
 * Everything of the primary that makes `/metrics`: takes in what workers and hosts report, keeps the sums
 * through their replacements, and owns the one registry.
 */
import type { HostToPrimary } from '../ipc/host-messages.js';
import type { WorkerToPrimary } from '../ipc/worker-messages.js';
import { asAdmissionDelta } from '../telemetry/admission-counts.js';
import { CleanupTotals } from '../telemetry/cleanup-counts.js';
import { AdmissionTotals } from '../telemetry/admission-totals.js';
import { LifetimeSums } from '../telemetry/lifetime-sums.js';
import type { MergedDelta } from '../telemetry/metric-delta.js';
import type { MetricFamily } from '../telemetry/metric-family.js';
import { MetricsRegistry } from '../telemetry/metrics-registry.js';
import { MetricTotals } from '../telemetry/metric-totals.js';
import {
  PROCESS_METRICS_INTERVAL_MS,
  ProcessMetrics,
  ProcessMetricsTotals,
} from '../telemetry/process-metrics.js';
import { requestFamilies, TOOL_LABELS } from '../telemetry/request-families.js';
import { upstreamFamilies } from '../telemetry/upstream-families.js';
import { createThreadPool } from '../threads/pool.js';
import { AGGREGATE_METRICS } from '../threads/tasks.js';
import { admissionGauges } from './admission-gauges.js';
import { cleanupGauges } from './cleanup-gauges.js';
import { primaryGauges, type WorkerSums } from './gauges.js';
import type { HostPlace } from './host-place.js';
import { ReportMerger } from './report-merger.js';
import type { StatusSource } from './status-documents.js';
import { upstreamGauges } from './upstream-gauges.js';
import type { WorkerPlace } from './worker-place.js';

export interface PrimaryMetricsOptions {
  readonly status: StatusSource;
  /** Families of other parts of the primary. */
  readonly more: readonly MetricFamily[];
  /** What workers reported of requests, for whoever watches. */
  readonly onMerged: (delta: MergedDelta) => void;
  readonly onError: (error: unknown, what: string) => void;
}

type WorkerReport = Extract<WorkerToPrimary, { readonly type: 'worker-report' }>;

const MERGE_DEADLINE_MS = 2000;
/** Batches that may wait; they come two or three a second. */
const MERGE_QUEUE = 16;

export class PrimaryMetrics {
  readonly registry: MetricsRegistry;
  readonly #options: PrimaryMetricsOptions;
  readonly #totals = new MetricTotals(TOOL_LABELS);
  readonly #admission = new AdmissionTotals();
  readonly #processes = new ProcessMetricsTotals();
  readonly #cleanup = new CleanupTotals();
  readonly #sums: WorkerSums = {
    droppedLogLines: new LifetimeSums(),
    refusedConnections: new LifetimeSums(),
    refusedRequests: new LifetimeSums(),
  };
  readonly #pool = createThreadPool(AGGREGATE_METRICS, {
    deadlineMs: MERGE_DEADLINE_MS,
    maxQueue: MERGE_QUEUE,
  });
  readonly #merger: ReportMerger;
  #ownMetrics: ProcessMetrics | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PrimaryMetricsOptions) {
    this.#options = options;
    const { status, more } = options;
    this.#merger = new ReportMerger({
      totals: this.#totals,
      mergeInThread: (reports) => this.#pool.run(reports),
      onMerged: options.onMerged,
      onThreadError: (thrown) => {
        options.onError(thrown, 'metrics were merged on the primary’s own loop');
      },
    });
    this.registry = new MetricsRegistry({
      totals: this.#totals,
      families: [
        ...requestFamilies({
          totals: this.#totals,
          transportOf: (name) => transportOf(status, name),
        }),
        ...upstreamFamilies(this.#totals),
        ...upstreamGauges(() => status.tree),
        ...primaryGauges(status, this.#sums),
        ...admissionGauges(() => status.admission(), this.#admission),
        ...cleanupGauges(this.#cleanup, () => status.admission().sweptAccounts),
        ...more,
      ],
      more: () => this.#processes.families(),
    });
  }

  /** Begins to watch the primary's own process. */
  start(): void {
    this.#ownMetrics = new ProcessMetrics();
    this.#timer = setInterval(() => void this.#readOwn(), PROCESS_METRICS_INTERVAL_MS);
    void this.#readOwn();
  }

  onWorkerReport(place: WorkerPlace, report: WorkerReport): void {
    const { delta, admission, gauges, process } = report;
    this.#merger.add(delta);
    this.#cleanup.add(report.removed);
    this.#admission.add(asAdmissionDelta(admission));
    const label = workerLabel(place);
    const { incarnation } = place;
    this.#sums.droppedLogLines.report(label, incarnation, gauges.droppedLogLines);
    this.#sums.refusedConnections.report(label, incarnation, gauges.refusedConnections);
    this.#sums.refusedRequests.report(label, incarnation, gauges.refusedRequests);
    if (process !== undefined) this.#processes.report(label, incarnation, process);
  }

  onWorkerExit(place: WorkerPlace): void {
    const label = workerLabel(place);
    const { incarnation } = place;
    this.#sums.droppedLogLines.gone(label, incarnation);
    this.#sums.refusedConnections.gone(label, incarnation);
    this.#sums.refusedRequests.gone(label, incarnation);
    this.#processes.gone(label, incarnation);
  }

  onHostMessage(place: HostPlace, message: HostToPrimary): void {
    if (message.type !== 'host-status') return;
    this.#cleanup.add(message.removed);
    const label = hostLabel(place);
    this.#sums.droppedLogLines.report(label, 0, message.droppedLogLines);
    if (message.process !== undefined) this.#processes.report(label, 0, message.process);
  }

  onHostExit(place: HostPlace): void {
    const label = hostLabel(place);
    this.#sums.droppedLogLines.gone(label, 0);
    this.#processes.gone(label, 0);
  }

  /** Resolves when what was reported until now is in the registry. Never rejects. */
  settle(): Promise<void> {
    return this.#merger.flush();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#merger.flush();
    await this.#pool.close();
  }

  async #readOwn(): Promise<void> {
    try {
      this.#processes.report('primary', 0, await this.#ownMetrics?.read());
    } catch (thrown) {
      this.#options.onError(thrown, 'the primary’s own metrics could not be read');
    }
  }
}

/** As the worker's number in logs and on the terminal: from 1. */
function workerLabel({ index }: WorkerPlace): string {
  return String(index + 1);
}

/** A host is replaced after its end only: it has one life at a time. */
function hostLabel({ index }: HostPlace): string {
  return `host-${index}`;
}

function transportOf({ config }: StatusSource, name: string): string {
  const server = Object.hasOwn(config.servers, name) ? config.servers[name] : undefined;
  if (server === undefined || server.source.kind === 'http') return 'tcp';
  return server.source.kind === 'stdio' ? 'pipe' : 'inproc';
}
