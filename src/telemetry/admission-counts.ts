/**
 * What admission decided in a worker since its last report, by policy, and how long callers waited.
 * Deltas, as in request-metrics.ts, so that counters never go back when a worker is replaced.
 */
import { LatencyHistogram, type HistogramSnapshot } from './latency-histogram.js';

export interface AdmissionDelta {
  readonly admitted: number;
  /** By the policy that refused. */
  readonly refused: Readonly<Record<string, number>>;
  /** Only calls that had to wait, by server. */
  readonly queueWaitMs: Readonly<Record<string, HistogramSnapshot>>;
  /** Second attempts, by server. */
  readonly retries: Readonly<Record<string, number>>;
  /** Calls that could not even wait for a slot, by server. */
  readonly overflows: Readonly<Record<string, number>>;
}

export class AdmissionCounts {
  #admitted = 0;
  #refused = new Map<string, number>();
  #retries = new Map<string, number>();
  #overflows = new Map<string, number>();
  readonly #waits = new Map<string, LatencyHistogram>();

  admitted(): void {
    this.#admitted += 1;
  }

  refused(policy: string): void {
    this.#refused.set(policy, (this.#refused.get(policy) ?? 0) + 1);
  }

  /** `server` is a configured one. */
  waited(server: string, waitMs: number): void {
    let waits = this.#waits.get(server);
    if (waits === undefined) {
      waits = new LatencyHistogram();
      this.#waits.set(server, waits);
    }
    waits.record(waitMs);
  }

  retried(server: string): void {
    this.#retries.set(server, (this.#retries.get(server) ?? 0) + 1);
  }

  /** `server` is a configured one. */
  overflowed(server: string): void {
    this.#overflows.set(server, (this.#overflows.get(server) ?? 0) + 1);
  }

  take(): AdmissionDelta {
    const admitted = this.#admitted;
    const refused = Object.fromEntries(this.#refused);
    const retries = Object.fromEntries(this.#retries);
    const overflows = Object.fromEntries(this.#overflows);
    this.#admitted = 0;
    this.#refused = new Map();
    this.#retries = new Map();
    this.#overflows = new Map();
    const queueWaitMs: Record<string, HistogramSnapshot> = {};
    for (const [server, waits] of this.#waits) {
      const snapshot = waits.take();
      if (snapshot.count > 0) queueWaitMs[server] = snapshot;
      // Servers come and go at run time.
      else this.#waits.delete(server);
    }
    return { admitted, refused, queueWaitMs, retries, overflows };
  }
}

const MEMBERS = ['admitted', 'refused', 'queueWaitMs', 'retries', 'overflows'];

/** A worker's report crossed the process border as JSON; null when it is not a delta. */
export function asAdmissionDelta(value: unknown): AdmissionDelta | null {
  if (typeof value !== 'object' || value === null) return null;
  const isDelta = MEMBERS.every((member) => member in value);
  return isDelta ? (value as AdmissionDelta) : null;
}
