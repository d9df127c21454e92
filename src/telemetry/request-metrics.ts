/**
 * Counts requests in a worker and hands the primary what happened since the last time. Deltas, not
 * totals, cross the process border, so a counter never goes back when a worker is replaced.
 */
import { methodRow } from '../mcp/methods.js';
import { LatencyHistogram, type HistogramSnapshot } from './latency-histogram.js';
import type { RequestRecord } from './request-record.js';

export interface ServerDelta {
  /** `${method class} ${status} ${reason}` → count. All three come from bounded sets. */
  readonly requests: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly totalMs: HistogramSnapshot;
  readonly upstreamMs: HistogramSnapshot;
}

export type MetricsDelta = Readonly<Record<string, ServerDelta>>;

/** A worker's report crossed the process border as JSON; null when it is not a delta. */
export function asMetricsDelta(value: unknown): MetricsDelta | null {
  if (typeof value !== 'object' || value === null) return null;
  const isDelta = Object.values(value).every(
    (server: unknown) => typeof server === 'object' && server !== null && 'totalMs' in server,
  );
  return isDelta ? (value as MetricsDelta) : null;
}

class ServerCounts {
  requests = new Map<string, number>();
  bytes = 0;
  readonly totalMs = new LatencyHistogram();
  readonly upstreamMs = new LatencyHistogram();
}

export class RequestMetrics {
  readonly #servers = new Map<string, ServerCounts>();
  readonly #isKnown: (server: string) => boolean;

  /** Requests for names nobody configured are counted together, so that a scanner cannot fill memory. */
  constructor(isKnown: (server: string) => boolean) {
    this.#isKnown = isKnown;
  }

  record(record: RequestRecord): void {
    const name = this.#isKnown(record.server) ? record.server : 'unknown';
    let counts = this.#servers.get(name);
    if (counts === undefined) {
      counts = new ServerCounts();
      this.#servers.set(name, counts);
    }
    const row = record.httpMethod === 'POST' ? methodRow(record.method) : null;
    const method = row === null ? record.httpMethod : row.metricsClass;
    const key = `${method} ${record.status} ${record.reason}`;
    counts.requests.set(key, (counts.requests.get(key) ?? 0) + 1);
    counts.bytes += record.bytes;
    // The life of a listening stream is no response time.
    const isListening = row === null ? record.httpMethod === 'GET' : row.isListening;
    if (!isListening) counts.totalMs.record(record.totalMs);
    if (record.upstreamMs > 0) counts.upstreamMs.record(record.upstreamMs);
  }

  /** What happened since the last take; empty when nothing did. */
  take(): MetricsDelta {
    const delta: Record<string, ServerDelta> = {};
    for (const [name, counts] of this.#servers) {
      if (counts.requests.size === 0) continue;
      delta[name] = {
        requests: Object.fromEntries(counts.requests),
        bytes: counts.bytes,
        totalMs: counts.totalMs.take(),
        upstreamMs: counts.upstreamMs.take(),
      };
      counts.requests = new Map();
      counts.bytes = 0;
    }
    return delta;
  }
}
