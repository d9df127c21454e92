/**
 * When failures open the circuit: over a rolling window, at least `minCalls` calls of which at
 * least `failureRatio` failed (10 s, 20 calls, 50 %: the figures of Hystrix). The window
 * is kept in buckets, so it moves in steps of windowMs / BUCKETS; recording is O(1) and allocates
 * nothing.
 */

export interface TripRuleOptions {
  /** Default 10 000. */
  readonly windowMs: number;
  /** Calls in the window below which nothing trips. Default 20. */
  readonly minCalls: number;
  /** Share of failures, 0..1, from which it trips. Default 0.5. */
  readonly failureRatio: number;
}

export const defaultTripRule: TripRuleOptions = {
  windowMs: 10_000,
  minCalls: 20,
  failureRatio: 0.5,
};

const BUCKETS = 10;

export class TripRule {
  readonly #options: TripRuleOptions;
  readonly #bucketMs: number;
  readonly #calls = new Float64Array(BUCKETS);
  readonly #failures = new Float64Array(BUCKETS);
  #newest = -Infinity;
  #sumCalls = 0;
  #sumFailures = 0;

  constructor(options: TripRuleOptions = defaultTripRule) {
    this.#options = options;
    this.#bucketMs = options.windowMs / BUCKETS;
  }

  /** Counts outcomes that ended now; returns whether the rule now says: open. */
  record(nowMs: number, successes: number, failures: number): boolean {
    const slot = this.#advance(nowMs) % BUCKETS;
    this.#calls[slot] = (this.#calls[slot] ?? 0) + successes + failures;
    this.#failures[slot] = (this.#failures[slot] ?? 0) + failures;
    this.#sumCalls += successes + failures;
    this.#sumFailures += failures;
    return (
      this.#sumFailures > 0 &&
      this.#sumCalls >= this.#options.minCalls &&
      this.#sumFailures >= this.#options.failureRatio * this.#sumCalls
    );
  }

  /** Share of failed calls in the window, 0..1; 0 when there were none. */
  failureRatio(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sumCalls === 0 ? 0 : this.#sumFailures / this.#sumCalls;
  }

  /** Calls counted in the window. */
  calls(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sumCalls;
  }

  reset(): void {
    this.#calls.fill(0);
    this.#failures.fill(0);
    this.#sumCalls = 0;
    this.#sumFailures = 0;
  }

  #advance(nowMs: number): number {
    const current = Math.floor(nowMs / this.#bucketMs);
    // A clock that steps back adds to the newest bucket.
    if (current <= this.#newest) return this.#newest;
    if (current - this.#newest >= BUCKETS) {
      this.reset();
    } else {
      for (let bucket = this.#newest + 1; bucket <= current; bucket += 1)
        this.#empty(bucket % BUCKETS);
    }
    this.#newest = current;
    return current;
  }

  #empty(slot: number): void {
    this.#sumCalls -= this.#calls[slot] ?? 0;
    this.#sumFailures -= this.#failures[slot] ?? 0;
    this.#calls[slot] = 0;
    this.#failures[slot] = 0;
  }
}
