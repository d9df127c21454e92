/**
 * The only registry: lives in the primary and outlives every worker. Knows every metric that the gateway
 * shows, as text for scrapers and as a document for people (docs/metrics.md).
 */
import { exposition, type TextFormat } from './exposition.js';
import { LatencyHistogram } from './latency-histogram.js';
import type { MetricFamily } from './metric-family.js';
import type { MetricTotals } from './metric-totals.js';
import { OPERATION, REQUESTS, RESPONSE_BYTES, UPSTREAM } from './request-metrics.js';

export interface MetricsRegistryOptions {
  readonly totals: MetricTotals;
  readonly families: readonly MetricFamily[];
  /** Families that only show at run time: the usual ones of each process. Default none. */
  readonly more?: () => readonly MetricFamily[];
}

interface ServerSummary {
  readonly requests: Record<string, number>;
  responseBytes: number;
  readonly duration: LatencyHistogram;
  readonly upstream: LatencyHistogram;
  readonly tools: Map<string, LatencyHistogram>;
}

export class MetricsRegistry {
  readonly #options: MetricsRegistryOptions;

  constructor(options: MetricsRegistryOptions) {
    this.#options = options;
  }

  /** All that can be shown, in order. */
  families(): readonly MetricFamily[] {
    return [...this.#options.families, ...(this.#options.more?.() ?? [])];
  }

  text(format: TextFormat): string {
    return exposition(this.families(), format);
  }

  /** For curl: the same facts, summed and with percentiles since the start. */
  document(): Readonly<Record<string, unknown>> {
    const servers = this.#summaries();
    let requests = 0;
    let errors = 0;
    for (const { labels, value } of this.#options.totals.counters(REQUESTS)) {
      requests += value;
      if (Number(labels[2]) >= 500) errors += value;
    }
    const gauges = this.#options.families
      .filter(({ type }) => type !== 'histogram')
      .map(({ name, samples }) => [name, samples()] as const);
    return {
      requests: { total: requests, errors },
      servers: Object.fromEntries(
        Array.from(servers, ([name, summary]) => [name, documentOf(summary)]),
      ),
      gauges: Object.fromEntries(gauges),
    };
  }

  #summaries(): ReadonlyMap<string, ServerSummary> {
    const { totals } = this.#options;
    const servers = new Map<string, ServerSummary>();
    for (const { labels, value } of totals.counters(REQUESTS)) {
      const [server = '', , status = '', reason = ''] = labels;
      const { requests } = summaryOf(servers, server);
      const outcome = reason === 'ok' ? `ok ${status}` : reason;
      requests[outcome] = (requests[outcome] ?? 0) + value;
    }
    for (const { labels, value } of totals.counters(RESPONSE_BYTES)) {
      summaryOf(servers, labels[0] ?? '').responseBytes += value;
    }
    for (const { labels, value } of totals.histograms(OPERATION)) {
      const { duration, tools } = summaryOf(servers, labels[0] ?? '');
      duration.add(value.snapshot());
      const tool = labels[2] ?? '';
      if (tool === '') continue;
      const ofTool = tools.get(tool) ?? new LatencyHistogram();
      ofTool.add(value.snapshot());
      tools.set(tool, ofTool);
    }
    for (const { labels, value } of totals.histograms(UPSTREAM)) {
      summaryOf(servers, labels[0] ?? '').upstream.add(value.snapshot());
    }
    return servers;
  }
}

function summaryOf(servers: Map<string, ServerSummary>, name: string): ServerSummary {
  let summary = servers.get(name);
  if (summary === undefined) {
    summary = {
      requests: {},
      responseBytes: 0,
      duration: new LatencyHistogram(),
      upstream: new LatencyHistogram(),
      tools: new Map(),
    };
    servers.set(name, summary);
  }
  return summary;
}

function documentOf(summary: ServerSummary): Readonly<Record<string, unknown>> {
  const { requests, responseBytes, duration, upstream, tools } = summary;
  return {
    requests,
    responseBytes,
    durationMs: percentiles(duration),
    upstreamMs: percentiles(upstream),
    tools: Object.fromEntries(Array.from(tools, ([name, ms]) => [name, percentiles(ms)])),
  };
}

function percentiles(histogram: LatencyHistogram): Readonly<Record<string, number>> {
  const { count, sumMs } = histogram;
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  return {
    count,
    mean: count === 0 ? 0 : round(sumMs / count),
    p50: round(histogram.quantileMs(0.5)),
    p95: round(histogram.quantileMs(0.95)),
    p99: round(histogram.quantileMs(0.99)),
  };
}
