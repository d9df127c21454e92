/** Answers what workers ask on behalf of HTTP clients. Every question gets an answer. */
import type { WorkerToPrimary } from '../ipc/worker-messages.js';
import type { Store } from '../store/store.js';
import type { MetricsRegistry } from '../telemetry/metrics-registry.js';
import type { WorkerPlace } from './worker-place.js';
import { healthDocument, readiness, type StatusSource } from './status-documents.js';

export interface QuerySources {
  readonly status: StatusSource;
  readonly registry: MetricsRegistry;
  readonly store: Pick<Store, 'ping'>;
  /** Resolves when what workers reported until now is in the registry. Never rejects. */
  readonly settleMetrics: () => Promise<void>;
}

type Query = Extract<WorkerToPrimary, { readonly type: 'query' }>;

export async function answerQuery(
  place: WorkerPlace,
  { query, kind, isTrusted }: Query,
  sources: QuerySources,
): Promise<void> {
  const { status, body } = await answerTo(kind, isTrusted, sources);
  place.process.send({ type: 'answer', query, status, body });
}

async function answerTo(
  kind: Query['kind'],
  isTrusted: boolean,
  { status, registry, store, settleMetrics }: QuerySources,
): Promise<{ readonly status: number; readonly body: string }> {
  switch (kind) {
    case 'health': {
      const document = healthDocument(status, isTrusted);
      const isUp = document['status'] !== 'unhealthy';
      return { status: isUp ? 200 : 503, body: pretty(document) };
    }
    case 'readiness': {
      const { isReady, text } = readiness(status, await storeProblem(store));
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
  }
}

async function storeProblem(store: Pick<Store, 'ping'>): Promise<string | null> {
  try {
    await store.ping();
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function pretty(document: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
