/**
 * When failures open the circuit: over a rolling window, at least `minCalls` calls of which at
 * least `failureRatio` failed (10 s, 20 calls, 50 %: the figures of Hystrix). The window
 * is kept in buckets, so it moves in steps of windowMs / BUCKETS; recording is O(1).
 *
 * One user's failures alone do not open it for everybody, such as timeouts of a tool that takes too long: without the
 * user with the most of them, as many of the others' calls must have failed, or there are no others. So a server that
 * hangs for all is found by whoever calls it, at the latest when the others' last successes have left the window.
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

/** How some calls of one user ended. */
export interface UserEnds {
  readonly user: string;
  readonly successes: number;
  readonly failures: number;
}

interface Counts {
  calls: number;
  failures: number;
}

const BUCKETS = 10;
/** Told apart in one bucket; others count as somebody else. */
const MOST_USERS = 1000;

export class TripRule {
  readonly #options: TripRuleOptions;
  readonly #bucketMs: number;
  readonly #calls = new Float64Array(BUCKETS);
  readonly #failures = new Float64Array(BUCKETS);
  readonly #users = Array.from({ length: BUCKETS }, () => new Map<string, Counts>());
  /** Of those of them that failed at all, over the window: all that a verdict looks at. */
  readonly #failing = new Map<string, Counts>();
  #newest = -Infinity;
  #sumCalls = 0;
  #sumFailures = 0;

  constructor(options: TripRuleOptions = defaultTripRule) {
    this.#options = options;
    this.#bucketMs = options.windowMs / BUCKETS;
  }

  /** Counts outcomes that ended now; returns whether the rule now says: open. `users`: whose they are, as far as known. */
  record(
    nowMs: number,
    successes: number,
    failures: number,
    users: readonly UserEnds[] = [],
  ): boolean {
    const slot = this.#advance(nowMs) % BUCKETS;
    this.#calls[slot] = (this.#calls[slot] ?? 0) + successes + failures;
    this.#failures[slot] = (this.#failures[slot] ?? 0) + failures;
    this.#sumCalls += successes + failures;
    this.#sumFailures += failures;
    for (const ends of users) this.#countUser(slot, ends);
    return (
      this.#sumFailures > 0 &&
      this.#sumCalls >= this.#options.minCalls &&
      this.#sumFailures >= this.#options.failureRatio * this.#sumCalls &&
      this.othersFailureRatio(nowMs) >= this.#options.failureRatio
    );
  }

  /** Share of failed calls in the window, 0..1; 0 when there were none. */
  failureRatio(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sumCalls === 0 ? 0 : this.#sumFailures / this.#sumCalls;
  }

  /** The same without the user with the most failures; of all calls where there are no others. */
  othersFailureRatio(nowMs: number): number {
    this.#advance(nowMs);
    let most: Counts = { calls: 0, failures: 0 };
    for (const counts of this.#failing.values()) if (counts.failures > most.failures) most = counts;
    const calls = this.#sumCalls - most.calls;
    return calls === 0 ? this.failureRatio(nowMs) : (this.#sumFailures - most.failures) / calls;
  }

  /** Calls counted in the window. */
  calls(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sumCalls;
  }

  reset(): void {
    this.#calls.fill(0);
    this.#failures.fill(0);
    for (const users of this.#users) users.clear();
    this.#failing.clear();
    this.#sumCalls = 0;
    this.#sumFailures = 0;
  }

  #countUser(slot: number, { user, successes, failures }: UserEnds): void {
    const users = this.#users[slot];
    if (users === undefined || (users.size >= MOST_USERS && !users.has(user))) return;
    add(users, user, successes + failures, failures);
    if (this.#failing.has(user)) add(this.#failing, user, successes + failures, failures);
    else if (failures > 0) this.#failing.set(user, this.#overWindow(user));
  }

  #overWindow(user: string): Counts {
    const sum: Counts = { calls: 0, failures: 0 };
    for (const users of this.#users) {
      const counts = users.get(user);
      sum.calls += counts?.calls ?? 0;
      sum.failures += counts?.failures ?? 0;
    }
    return sum;
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
    for (const [user, { calls, failures }] of this.#users[slot] ?? []) {
      const sum = this.#failing.get(user);
      if (sum === undefined) continue;
      sum.calls -= calls;
      sum.failures -= failures;
      if (sum.failures === 0) this.#failing.delete(user);
    }
    this.#users[slot]?.clear();
  }
}

function add(sums: Map<string, Counts>, user: string, calls: number, failures: number): void {
  const sum = sums.get(user);
  if (sum === undefined) {
    sums.set(user, { calls, failures });
    return;
  }
  sum.calls += calls;
  sum.failures += failures;
}
