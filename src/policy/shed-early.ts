/**
 * How long a waiter may stand in a queue: long while the queue drains now and then, short once it
 * no longer does. A queue that was not empty for a while is not a burst but a backlog; waiting in
 * it only makes every answer late (CoDel, RFC 8289, in the server form of Maurer, "Fail at Scale",
 * ACM Queue 2015).
 *
 *   not empty within the last N  ->  M, else N
 *   N = 2 * median service time, at least minIntervalMs; M = N / 4
 */

export interface ShedEarlyOptions {
  /** Lower bound of N. Default 100. */
  readonly minIntervalMs: number;
  /**
   * M as a share of N, sensibly 0.05..0.25. Default 0.25: calls to tools are long, waiting is the
   * lesser evil.
   */
  readonly targetRatio: number;
}

export const defaultShedEarly: ShedEarlyOptions = { minIntervalMs: 100, targetRatio: 0.25 };

export class ShedEarly {
  readonly #options: ShedEarlyOptions;
  #intervalMs: number;
  #lastEmptyAtMs: number;

  constructor(nowMs: number, options: ShedEarlyOptions = defaultShedEarly) {
    this.#options = options;
    this.#intervalMs = options.minIntervalMs;
    this.#lastEmptyAtMs = nowMs;
  }

  /** To be called whenever the queue is seen empty, at the latest when the first waiter joins. */
  sawEmpty(nowMs: number): void {
    if (nowMs > this.#lastEmptyAtMs) this.#lastEmptyAtMs = nowMs;
  }

  /** Adapts N to the measured median service time. */
  setServiceTime(medianMs: number): void {
    this.#intervalMs = Math.max(this.#options.minIntervalMs, 2 * medianMs);
  }

  isBacklogged(nowMs: number): boolean {
    return nowMs - this.#lastEmptyAtMs > this.#intervalMs;
  }

  /** The longest wait granted to anyone in the queue as of now. */
  maxWaitMs(nowMs: number): number {
    return this.isBacklogged(nowMs)
      ? this.#intervalMs * this.#options.targetRatio
      : this.#intervalMs;
  }
}
