/**
 * Gathers what happened to the calls of one upstream over a window, for the adaptive limiter:
 * single calls are too noisy to steer by (Netflix concurrency-limits, WindowedLimit: 1 s, at least
 * 10 samples, below 0.1 ms ignored). Latency is kept per tool class, because tools range from a
 * millisecond to minutes. Summaries are plain data, so that workers can send theirs to the primary,
 * which merges them.
 */

/**
 * success: a latency to learn from; ignore: says nothing (client left, 4xx, a health check);
 * dropped: overload.
 */
export type Outcome = 'success' | 'ignore' | 'dropped';

export interface WindowSummary {
  /** Most exchanges in flight at once; after a merge an upper bound. */
  readonly maxInFlight: number;
  readonly dropped: number;
  readonly successes: number;
  readonly classes: readonly ClassLatency[];
}

export interface ClassLatency {
  /** Tool class; '' collects the classes beyond the bound. */
  readonly key: string;
  readonly count: number;
  readonly sumMs: number;
}

export interface SampleWindowOptions {
  readonly windowMs: number;
  /** A window with fewer successes and no drop goes on instead of closing. */
  readonly minSamples: number;
  /** Faster answers are not measurements of the upstream. */
  readonly minRttMs: number;
  readonly maxClasses: number;
}

export const defaultSampleWindow: SampleWindowOptions = {
  windowMs: 1000,
  minSamples: 10,
  minRttMs: 0.1,
  maxClasses: 64,
};

interface Sum {
  count: number;
  sumMs: number;
}

export class SampleWindow {
  readonly #options: SampleWindowOptions;
  readonly #classes = new Map<string, Sum>();
  #startedAtMs: number;
  #maxInFlight = 0;
  #dropped = 0;
  #successes = 0;

  constructor(nowMs: number, options: SampleWindowOptions = defaultSampleWindow) {
    this.#startedAtMs = nowMs;
    this.#options = options;
  }

  /** One call ended. `inFlight` counts it too. */
  add(outcome: Outcome, key: string, rttMs: number, inFlight: number): void {
    if (outcome === 'ignore') return;
    if (inFlight > this.#maxInFlight) this.#maxInFlight = inFlight;
    if (outcome === 'dropped') {
      this.#dropped += 1;
      return;
    }
    if (rttMs < this.#options.minRttMs) return;
    this.#successes += 1;
    this.#addToClass(key, 1, rttMs);
  }

  /**
   * Adds another process's window to this one. What was in flight there was so at the same time, at
   * worst.
   */
  merge(summary: WindowSummary): void {
    this.#maxInFlight += summary.maxInFlight;
    this.#dropped += summary.dropped;
    this.#successes += summary.successes;
    for (const { key, count, sumMs } of summary.classes) this.#addToClass(key, count, sumMs);
  }

  /** The summary once the window is over and has enough to say; then a new window begins. */
  close(nowMs: number): WindowSummary | undefined {
    if (nowMs - this.#startedAtMs < this.#options.windowMs) return undefined;
    if (this.#successes < this.#options.minSamples && this.#dropped === 0) return undefined;
    const classes = Array.from(this.#classes, ([key, sum]) => ({ key, ...sum }));
    const summary = {
      maxInFlight: this.#maxInFlight,
      dropped: this.#dropped,
      successes: this.#successes,
      classes,
    };
    this.#classes.clear();
    this.#startedAtMs = nowMs;
    this.#maxInFlight = 0;
    this.#dropped = 0;
    this.#successes = 0;
    return summary;
  }

  #addToClass(key: string, count: number, sumMs: number): void {
    let sum = this.#classes.get(key);
    if (sum === undefined) {
      const kept = this.#classes.size < this.#options.maxClasses ? key : '';
      sum = this.#classes.get(kept);
      if (sum === undefined) {
        sum = { count: 0, sumMs: 0 };
        this.#classes.set(kept, sum);
      }
    }
    sum.count += count;
    sum.sumMs += sumMs;
  }
}
