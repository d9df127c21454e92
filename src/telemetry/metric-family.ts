/** One metric as `/metrics` and docs/metrics.md show it. Values are read at each scrape. */
import type { LatencyHistogram } from './latency-histogram.js';

export interface MetricSample {
  /** Joined to the name: the parts of a histogram. Default none. */
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  /** Ends with its unit, and with `_total` where it is a counter. */
  readonly name: string;
  /** Default gauge. */
  readonly type?: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  /** Names of the labels that a sample may carry; `le` is understood. Default none. */
  readonly labels?: readonly string[];
  readonly samples: () => readonly MetricSample[];
}

/**
 * Seconds, 0.5 ms to 65 s, doubling: these are bounds of the histograms' own buckets, so every count is
 * exact, which it would not be for rounder numbers.
 */
const BOUNDS = Array.from({ length: 18 }, (_, i) => String((0.5 * 2 ** i) / 1000));
/** Index of the bucket that ends at 0.5 ms. */
const FIRST_BUCKET = 24;

/** The series of one histogram, cumulative, in seconds. */
export function histogramSamples(
  labels: Readonly<Record<string, string>>,
  histogram: LatencyHistogram,
): readonly (MetricSample & { readonly suffix: string })[] {
  const counts = histogram.atMost(FIRST_BUCKET, BOUNDS.length);
  const buckets = BOUNDS.map((le, i) => ({
    suffix: '_bucket',
    labels: { ...labels, le },
    value: counts[i] ?? 0,
  }));
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: histogram.count },
    { suffix: '_sum', labels, value: histogram.sumMs / 1000 },
    { suffix: '_count', labels, value: histogram.count },
  ];
}
