/**
 * The only registry: lives in the primary and adds up what workers report. It outlives every worker,
 * so counters only grow. Names follow the OpenTelemetry MCP conventions as other gateways export them
 * (docs/metrics.md).
 */
import { LatencyHistogram } from './latency-histogram.js';
import type { MetricsDelta } from './request-metrics.js';

/** A gauge's present values by label set; asked for at each scrape. */
export interface GaugeSample {
  /** Joined to the name: the parts of a histogram. Default none. */
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Gauge {
  readonly name: string;
  /** Default gauge; the others are for what the primary itself adds up. */
  readonly type?: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly samples: () => readonly GaugeSample[];
}

interface ServerTotals {
  readonly requests: Map<string, number>;
  bytes: number;
  readonly totalMs: LatencyHistogram;
  readonly upstreamMs: LatencyHistogram;
}

/** Seconds; 0.5 ms to 60 s, roughly doubling, because tool calls are slow. */
const BOUNDS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

export class MetricsRegistry {
  readonly #servers = new Map<string, ServerTotals>();
  readonly #gauges: readonly Gauge[];

  constructor(gauges: readonly Gauge[]) {
    this.#gauges = gauges;
  }

  add(delta: MetricsDelta): void {
    for (const [name, server] of Object.entries(delta)) {
      const totals = this.#totals(name);
      for (const [key, count] of Object.entries(server.requests)) {
        totals.requests.set(key, (totals.requests.get(key) ?? 0) + count);
      }
      totals.bytes += server.bytes;
      totals.totalMs.add(server.totalMs);
      totals.upstreamMs.add(server.upstreamMs);
    }
  }

  /** Prometheus text exposition format 0.0.4. */
  text(): string {
    const lines: string[] = [];
    const family = (name: string, type: string, help: string): void => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    };
    family('multi_mcp_requests_total', 'counter', 'MCP requests that ended, by outcome.');
    for (const [server, totals] of this.#servers) {
      for (const [key, count] of totals.requests) {
        const [method = '', status = '', reason = ''] = key.split(' ');
        lines.push(sample('multi_mcp_requests_total', { server, method, status, reason }, count));
      }
    }
    family('multi_mcp_response_bytes_total', 'counter', 'Bytes of replies sent to clients.');
    for (const [server, totals] of this.#servers) {
      lines.push(sample('multi_mcp_response_bytes_total', { server }, totals.bytes));
    }
    this.#histogram(
      lines,
      'mcp_server_operation_duration_seconds',
      'totalMs',
      'Request to last byte.',
    );
    this.#histogram(
      lines,
      'mcp_client_operation_duration_seconds',
      'upstreamMs',
      'Dispatch to head.',
    );
    for (const gauge of this.#gauges) {
      family(gauge.name, gauge.type ?? 'gauge', gauge.help);
      for (const { suffix = '', labels, value } of gauge.samples())
        lines.push(sample(`${gauge.name}${suffix}`, labels, value));
    }
    return `${lines.join('\n')}\n`;
  }

  /** For curl: the same facts, summed and with percentiles. */
  document(): Readonly<Record<string, unknown>> {
    const servers: Record<string, unknown> = {};
    let requests = 0;
    let errors = 0;
    for (const [name, totals] of this.#servers) {
      const outcomes: Record<string, number> = {};
      for (const [key, count] of totals.requests) {
        const [, status = '', reason = ''] = key.split(' ');
        const outcome = reason === 'ok' ? `ok ${status}` : reason;
        outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
        requests += count;
        if (Number(status) >= 500) errors += count;
      }
      servers[name] = {
        requests: outcomes,
        responseBytes: totals.bytes,
        durationMs: percentiles(totals.totalMs),
        upstreamMs: percentiles(totals.upstreamMs),
      };
    }
    const gauges = Object.fromEntries(this.#gauges.map(({ name, samples }) => [name, samples()]));
    return { requests: { total: requests, errors }, servers, gauges };
  }

  #totals(name: string): ServerTotals {
    let totals = this.#servers.get(name);
    if (totals === undefined) {
      totals = {
        requests: new Map(),
        bytes: 0,
        totalMs: new LatencyHistogram(),
        upstreamMs: new LatencyHistogram(),
      };
      this.#servers.set(name, totals);
    }
    return totals;
  }

  #histogram(lines: string[], name: string, of: 'totalMs' | 'upstreamMs', help: string): void {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} histogram`);
    for (const [server, totals] of this.#servers) {
      for (const part of histogramSamples({ mcp_server: server }, totals[of])) {
        lines.push(sample(`${name}${part.suffix}`, part.labels, part.value));
      }
    }
  }
}

/** The series of one histogram, cumulative, in seconds. */
export function histogramSamples(
  labels: Readonly<Record<string, string>>,
  histogram: LatencyHistogram,
): readonly (GaugeSample & { readonly suffix: string })[] {
  const { count, sumMs } = histogram.snapshot();
  const buckets = BOUNDS_SECONDS.map((bound) => ({
    suffix: '_bucket',
    labels: { ...labels, le: String(bound) },
    value: histogram.countAtMost(bound * 1000),
  }));
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sumMs / 1000 },
    { suffix: '_count', labels, value: count },
  ];
}

function percentiles(histogram: LatencyHistogram): Readonly<Record<string, number>> {
  const { count, sumMs } = histogram.snapshot();
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  return {
    count,
    mean: count === 0 ? 0 : round(sumMs / count),
    p50: round(histogram.quantileMs(0.5)),
    p95: round(histogram.quantileMs(0.95)),
    p99: round(histogram.quantileMs(0.99)),
  };
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) =>
      `${label}="${text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
  );
  return pairs.length === 0 ? `${name} ${value}` : `${name}{${pairs.join(',')}} ${value}`;
}
