/** Answers what workers ask on behalf of HTTP clients. Every question gets an answer. */
import type { WorkerToPrimary } from '../ipc/worker-messages.js';
import type { MetricsRegistry } from '../telemetry/metrics-registry.js';
import type { EffectiveSetting } from '../../config/effective-settings.js';
import type { AlertsView } from '../admin/operations.js';
import { dashboardDocument } from './dashboard-document.js';
import type { TrafficHistory } from './traffic-history.js';
import type { WorkerPlace } from './worker-place.js';
import { healthDocument, readiness, type StatusSource } from './status-documents.js';
import type { StoreProbe } from './store-probe.js';

export interface QuerySources {
  readonly status: StatusSource;
  readonly registry: MetricsRegistry;
  readonly storeProbe: Pick<StoreProbe, 'state'>;
  /** Resolves when what workers reported until now is in the registry. Never rejects. */
  readonly settleMetrics: () => Promise<void>;
  readonly traffic: TrafficHistory;
  readonly alerts: () => AlertsView;
  readonly settings: () => readonly EffectiveSetting[];
}

type Query = Extract<WorkerToPrimary, { readonly type: 'query' }>;

export async function answerQuery(
  place: WorkerPlace,
  { query, kind, isTrusted, argument = '' }: Query,
  sources: QuerySources,
): Promise<void> {
  const { status, body } = await answerTo(kind, { isTrusted, argument }, sources);
  place.process.send({ type: 'answer', query, status, body });
}

async function answerTo(
  kind: Query['kind'],
  { isTrusted, argument }: { readonly isTrusted: boolean; readonly argument: string },
  { status, registry, storeProbe, settleMetrics, traffic, alerts, settings }: QuerySources,
): Promise<{ readonly status: number; readonly body: string }> {
  switch (kind) {
    case 'health': {
      const document = healthDocument(status, isTrusted);
      const isUp = document['status'] !== 'unhealthy';
      return { status: isUp ? 200 : 503, body: pretty(document) };
    }
    case 'readiness': {
      const { isReady, text } = readiness(status, storeProbe.state);
      const body = isTrusted ? text : isReady ? 'ready\n' : 'not ready\n';
      return { status: isReady ? 200 : 503, body };
    }
    case 'metrics-prometheus':
      await settleMetrics();
      return { status: 200, body: registry.text('prometheus') };
    case 'metrics-openmetrics':
      await settleMetrics();
      return { status: 200, body: registry.text('openmetrics') };
    case 'metrics-json': {
      await settleMetrics();
      const hint = 'Prometheus text: /metrics/prometheus, or Accept: text/plain';
      return { status: 200, body: pretty({ hint, ...registry.document() }) };
    }
    case 'dashboard':
      return {
        status: 200,
        body: JSON.stringify(dashboardDocument({ status, traffic, alerts }, argument)),
      };
    case 'dashboard-settings':
      return { status: 200, body: JSON.stringify({ settings: settings() }) };
  }
}

function pretty(document: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
