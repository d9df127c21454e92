/**
 * How long a waiter may stand in a queue under sustained overload. A burst may wait as long as its
 * deadline allows, because it drains; a queue that stays full although it is being served only makes
 * every answer late, so newcomers are told at once to come back later (CoDel, RFC 8289, in the server
 * form of Maurer, "Fail at Scale", ACM Queue 2015).
 *
 *   backlog   not empty within the last N, and in the last whole N at least half as many came as
 *             were served
 *   backlog -> M, else no bound
 *   N = usual service time, at least minIntervalMs; M = targetRatio * usual service time, no bound
 *   before it was measured
 *
 * The second condition is ours: without it a burst of a thousand calls, which nobody follows, would
 * be refused halfway although all of it could be served in time.
 */

export interface ShedEarlyOptions {
  /** Lower bound of N. Default 250. */
  readonly minIntervalMs: number;
  /**
   * M as a share of the usual service time. Default 1: with the service itself an accepted call then
   * takes twice its time without a queue.
   */
  readonly targetRatio: number;
}

export const defaultShedEarly: ShedEarlyOptions = { minIntervalMs: 250, targetRatio: 1 };

// Chosen: below it the queue would run empty between two turns of the event loop.
const LEAST_WAIT_MS = 10;

export class ShedEarly {
  #options: ShedEarlyOptions;
  #intervalMs: number;
  #backlogWaitMs: number;
  #lastEmptyAtMs: number;
  #intervalStartedAtMs: number;
  #arrived = 0;
  #served = 0;
  #wasFed = false;

  constructor(nowMs: number, options: ShedEarlyOptions = defaultShedEarly) {
    this.#options = options;
    this.#intervalMs = options.minIntervalMs;
    // Nobody is judged by a service time that is not known: with a guess of 62 ms a burst of 10,000 on
    // fresh servers of 250 ms got 496 answers and nothing of its queue (measured).
    this.#backlogWaitMs = Infinity;
    this.#lastEmptyAtMs = nowMs;
    this.#intervalStartedAtMs = nowMs;
  }

  /** To be called whenever the queue is seen empty, at the latest when the first waiter joins. */
  sawEmpty(nowMs: number): void {
    if (nowMs <= this.#lastEmptyAtMs) return;
    this.#lastEmptyAtMs = nowMs;
    this.#startInterval(nowMs, false);
  }

  /** A call wants to wait, whether or not there is room for it. */
  arrived(nowMs: number): void {
    this.#roll(nowMs);
    this.#arrived += 1;
  }

  /** A waiter got what it waited for. */
  served(nowMs: number): void {
    this.#roll(nowMs);
    this.#served += 1;
  }

  /** Other options from now on; what was measured stays. */
  configure(options: ShedEarlyOptions): void {
    this.#options = options;
    this.#intervalMs = Math.max(options.minIntervalMs, this.#intervalMs);
  }

  /** Adapts N and M to the measured service time. */
  setServiceTime(usualMs: number): void {
    const { minIntervalMs, targetRatio } = this.#options;
    this.#intervalMs = Math.max(minIntervalMs, usualMs);
    this.#backlogWaitMs = Math.max(LEAST_WAIT_MS, targetRatio * usualMs);
  }

  isBacklogged(nowMs: number): boolean {
    this.#roll(nowMs);
    return this.#wasFed && nowMs - this.#lastEmptyAtMs > this.#intervalMs;
  }

  /** The longest wait granted to anyone in the queue as of now. */
  maxWaitMs(nowMs: number): number {
    return this.isBacklogged(nowMs) ? this.#backlogWaitMs : Infinity;
  }

  #roll(nowMs: number): void {
    const elapsedMs = nowMs - this.#intervalStartedAtMs;
    if (elapsedMs < this.#intervalMs) return;
    // What began the queue was a burst; only what came while it stood says that it is fed.
    const isFirst = this.#intervalStartedAtMs <= this.#lastEmptyAtMs;
    const isFed = !isFirst && this.#arrived > 0 && 2 * this.#arrived >= this.#served;
    this.#startInterval(nowMs, isFed && elapsedMs < 2 * this.#intervalMs);
  }

  #startInterval(nowMs: number, wasFed: boolean): void {
    this.#intervalStartedAtMs = nowMs;
    this.#arrived = 0;
    this.#served = 0;
    this.#wasFed = wasFed;
  }
}
