/**
 * The usual metrics of a Node process (`process_*`, `nodejs_*`: CPU, memory, handles, GC, event loop) by
 * prom-client, read now and then and sent to the primary, which shows those of all processes under the
 * label `worker`. Counters of a process that is replaced go on from where it stopped.
 */
import {
  collectDefaultMetrics,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';
import type { MetricFamily, MetricSample } from './metric-family.js';

/** How often a process reads its own; they move slowly, and a reading takes about a millisecond. */
export const PROCESS_METRICS_INTERVAL_MS = 10_000;
/** The event loop has a finer clock of its own in each worker; this one costs a wake-up each time. */
const EVENT_LOOP_PRECISION_MS = 50;
const MAX_FAMILIES = 100;

/** Plain data: crosses the process border as JSON. */
export interface ProcessFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

export class ProcessMetrics {
  readonly #registry = new Registry();

  /** Begins to watch this process; once per process. */
  constructor() {
    collectDefaultMetrics({
      register: this.#registry,
      eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS,
    });
  }

  async read(): Promise<readonly ProcessFamily[]> {
    const families = await this.#registry.getMetricsAsJSON();
    return families.map(asFamily);
  }
}

function asFamily(family: MetricObjectWithValues<MetricValue<string>>): ProcessFamily {
  const { name, type, help } = family;
  const samples = family.values as readonly PromValue[];
  return {
    name,
    // prom-client gives the type as text, though its typings say an enum.
    type: typeOf(String(type)),
    help: sentence(help),
    samples: samples.map(({ metricName, labels, value }) => ({
      labels: Object.fromEntries(
        Object.entries(labels).map(([label, text]) => [label, leText(String(text))]),
      ),
      value,
      ...(metricName !== undefined &&
        metricName !== name && { suffix: metricName.slice(name.length) }),
    })),
  };
}

interface PromValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

function typeOf(type: string): ProcessFamily['type'] {
  return type === 'counter' || type === 'histogram' ? type : 'gauge';
}

function leText(text: string): string {
  return text === 'Infinity' ? '+Inf' : text;
}

function sentence(help: string): string {
  return help.endsWith('.') ? help : `${help}.`;
}

export class ProcessMetricsTotals {
  /** By worker label, and by process: in a rolling restart a worker has two for a while. */
  readonly #lives = new Map<string, Map<number, readonly ProcessFamily[]>>();
  /** Family, worker and series → what processes of that place counted that are gone. */
  readonly #before = new Map<string, number>();

  /** `worker`: `1` to `N`, `primary`, `host-0`; `life` names one process of it. Nonsense is not heard. */
  report(worker: string, life: number, report: unknown): void {
    if (!Array.isArray(report) || report.length > MAX_FAMILIES || !report.every(isFamily)) return;
    let lives = this.#lives.get(worker);
    if (lives === undefined) {
      lives = new Map();
      this.#lives.set(worker, lives);
    }
    lives.set(life, report);
  }

  /** This process has ended: what it counted stays, what it held is gone. */
  gone(worker: string, life: number): void {
    const lives = this.#lives.get(worker);
    for (const [key, value] of countsOf(worker, lives?.get(life) ?? [])) {
      this.#before.set(key, (this.#before.get(key) ?? 0) + value);
    }
    lives?.delete(life);
  }

  families(): readonly MetricFamily[] {
    const byName = new Map<string, { family: ProcessFamily; samples: MetricSample[] }>();
    for (const [worker, lives] of this.#lives) this.#collect(worker, [...lives.values()], byName);
    return Array.from(byName.values(), ({ family: { name, type, help }, samples }) => ({
      name,
      type,
      help,
      labels: [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))],
      samples: () => samples,
    }));
  }

  /** Gauges are the newest process's; counts are everybody's. */
  #collect(
    worker: string,
    lives: readonly (readonly ProcessFamily[])[],
    byName: Map<string, { family: ProcessFamily; samples: MetricSample[] }>,
  ): void {
    const older = new Map<string, number>();
    for (const life of lives.slice(0, -1)) {
      for (const [key, value] of countsOf(worker, life))
        older.set(key, (older.get(key) ?? 0) + value);
    }
    for (const family of lives.at(-1) ?? []) {
      const known = byName.get(family.name) ?? { family, samples: [] };
      byName.set(family.name, known);
      for (const sample of family.samples) {
        const key = keyOf(family.name, worker, sample);
        known.samples.push({
          ...sample,
          labels: { worker, ...sample.labels },
          value: sample.value + (this.#before.get(key) ?? 0) + (older.get(key) ?? 0),
        });
      }
    }
  }
}

/** Of counters and histograms: the values that are added up. */
function countsOf(worker: string, families: readonly ProcessFamily[]): readonly [string, number][] {
  return families
    .filter(({ type }) => type !== 'gauge')
    .flatMap(({ name, samples }) =>
      samples.map((sample): [string, number] => [keyOf(name, worker, sample), sample.value]),
    );
}

function keyOf(name: string, worker: string, { suffix = '', labels }: MetricSample): string {
  return JSON.stringify([name, suffix, worker, labels]);
}

function isFamily(value: unknown): value is ProcessFamily {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'name' in value &&
    typeof value.name === 'string' &&
    'help' in value &&
    typeof value.help === 'string' &&
    'type' in value &&
    'samples' in value &&
    Array.isArray(value.samples)
  );
}
