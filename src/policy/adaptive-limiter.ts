/**
 * A limit on in-flight exchanges with one upstream that follows how the upstream fares, window by
 * window (sample-window.ts). Two laws, both after Netflix concurrency-limits, with its
 * figures:
 *
 *   AIMD (default)  a window with a drop, or slower than slowMs on average: L * 0.9
 *                   else, if at least half of L was in use: L + 1
 *   Gradient2       g = clamp(tolerance * long / short, 0.5, 1), tolerance 1.5
 *                   if at least half of L was in use: L' = 0.8 * L + 0.2 * (L * g + 4)
 *                   long: exponential mean over 600 windows (plain mean of the first 10);
 *                   long > 2 * short: long * 0.95
 *
 * Gradient2 compares each tool class with its own baseline and averages the ratios by calls:
 * otherwise a shift from fast to slow tools would look like congestion. Where theirs ignores drops,
 * ours treats them as AIMD does. A limit that is not used is not evidence, so neither law moves it.
 * Both stay within [minLimit, maxLimit].
 */
import type { ClassLatency, WindowSummary } from './sample-window.js';

export interface AdaptiveLimit {
  /** Exchanges that may be in flight, whole. */
  readonly limit: number;
  /** Learns from one window; returns the new limit. */
  learn(window: WindowSummary): number;
}

export interface AdaptiveLimitOptions {
  readonly minLimit: number;
  readonly maxLimit: number;
  readonly initialLimit: number;
}

export interface AimdOptions extends AdaptiveLimitOptions {
  /** Mean latency of a window that counts as a drop. Default none: tools may be slow by nature. */
  readonly slowMs?: number;
}

const BACKOFF_RATIO = 0.9;

export class AimdLimiter implements AdaptiveLimit {
  readonly #options: AimdOptions;
  #limit: number;

  constructor(options: AimdOptions) {
    this.#options = options;
    this.#limit = clamp(options.initialLimit, options.minLimit, options.maxLimit);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  learn(window: WindowSummary): number {
    const { minLimit, maxLimit, slowMs = Infinity } = this.#options;
    if (window.dropped > 0 || meanMs(window.classes) > slowMs) this.#limit *= BACKOFF_RATIO;
    else if (window.maxInFlight * 2 >= this.#limit) this.#limit += 1;
    this.#limit = clamp(this.#limit, minLimit, maxLimit);
    return this.limit;
  }
}

export interface Gradient2Options extends AdaptiveLimitOptions {
  /** Latency may grow by this factor before the limit falls. Default 1.5. */
  readonly tolerance?: number;
  /** Calls that may always queue upstream, added each window. Default 4. */
  readonly queueSize?: number;
  /** Weight of the new estimate. Default 0.2. */
  readonly smoothing?: number;
  /**
   * Tool classes with a baseline of their own; the least recently seen is forgotten first. Default
   * 64.
   */
  readonly maxClasses?: number;
}

export class Gradient2Limiter implements AdaptiveLimit {
  readonly #options: Required<Gradient2Options>;
  readonly #baselines = new Map<string, Baseline>();
  #limit: number;

  constructor(options: Gradient2Options) {
    this.#options = { tolerance: 1.5, queueSize: 4, smoothing: 0.2, maxClasses: 64, ...options };
    this.#limit = clamp(options.initialLimit, options.minLimit, options.maxLimit);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  learn(window: WindowSummary): number {
    const { tolerance, queueSize, smoothing, minLimit, maxLimit } = this.#options;
    const slowdown = this.#slowdown(window.classes);
    if (window.dropped > 0) {
      this.#limit *= BACKOFF_RATIO;
    } else if (window.maxInFlight * 2 >= this.#limit && slowdown !== undefined) {
      const gradient = clamp(tolerance / slowdown, 0.5, 1);
      const next = this.#limit * gradient + queueSize;
      this.#limit = this.#limit * (1 - smoothing) + next * smoothing;
    }
    this.#limit = clamp(this.#limit, minLimit, maxLimit);
    return this.limit;
  }

  /** Tool classes that have a baseline. */
  get classes(): number {
    return this.#baselines.size;
  }

  /** Mean over all calls of short / long; updates each class's baseline first, as theirs does. */
  #slowdown(classes: readonly ClassLatency[]): number | undefined {
    let calls = 0;
    let sum = 0;
    for (const { key, count, sumMs } of classes) {
      if (count === 0) continue;
      const shortMs = sumMs / count;
      calls += count;
      sum += count * this.#baseline(key).learn(shortMs);
    }
    return calls === 0 ? undefined : sum / calls;
  }

  #baseline(key: string): Baseline {
    const known = this.#baselines.get(key);
    if (known !== undefined) this.#baselines.delete(key);
    const baseline = known ?? new Baseline();
    this.#baselines.set(key, baseline);
    if (this.#baselines.size > this.#options.maxClasses) {
      for (const oldest of this.#baselines.keys()) {
        this.#baselines.delete(oldest);
        break;
      }
    }
    return baseline;
  }
}

const BASELINE_WINDOWS = 600;
const WARM_UP_WINDOWS = 10;

/** The long-term latency of one tool class. */
class Baseline {
  #longMs = 0;
  #windows = 0;

  /** Takes in a window's mean; returns how much slower than the baseline it was (1 = as usual). */
  learn(shortMs: number): number {
    this.#windows += 1;
    const factor =
      this.#windows <= WARM_UP_WINDOWS ? 1 / this.#windows : 2 / (BASELINE_WINDOWS + 1);
    this.#longMs += (shortMs - this.#longMs) * factor;
    const slowdown = shortMs / this.#longMs;
    // After a long slow time the mean would take minutes to come down, and hide the next slow time.
    if (this.#longMs / shortMs > 2) this.#longMs *= 0.95;
    return slowdown;
  }
}

function meanMs(classes: readonly ClassLatency[]): number {
  let count = 0;
  let sumMs = 0;
  for (const latency of classes) {
    count += latency.count;
    sumMs += latency.sumMs;
  }
  return count === 0 ? 0 : sumMs / count;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
