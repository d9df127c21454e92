/**
 * A token bucket: a burst of `capacity`, then `refillPerSecond`. Admissions in any interval of t
 * seconds are at most capacity + t * refillPerSecond. Tokens are kept as a number with the instant
 * they were last brought up to date (tokens = min(capacity, tokens + rate * elapsed)), so a take
 * costs no allocation.
 *
 * Tokens can also be lent (lease-budget.ts): a lent token still occupies the bucket until it is
 * known to be spent, so tokens here plus tokens with borrowers never exceed the capacity and the
 * bound above holds over all of them.
 */
import { waitUntil } from './wait-until.js';

export interface TokenBucketOptions {
  /** The largest burst, in tokens. */
  readonly capacity: number;
  /** Sustained rate. 0 = what is spent never comes back. */
  readonly refillPerSecond: number;
}

// Refilling adds fractions, so a whole token may arrive a rounding error short; the debt stays on
// the books.
const ROUNDING_TOKENS = 1e-9;

export class TokenBucket {
  #capacity: number;
  #refillPerMs: number;
  #tokens: number;
  #refilledAtMs: number;
  #lent = 0;

  constructor(options: TokenBucketOptions, nowMs: number) {
    this.#capacity = options.capacity;
    this.#refillPerMs = options.refillPerSecond / 1000;
    this.#tokens = options.capacity;
    this.#refilledAtMs = nowMs;
  }

  /**
   * Takes `count` tokens or none. Returns 0 when admitted, else the whole milliseconds until that many are due
   * (exact if nobody else takes in between; Infinity when it can never be).
   */
  take(nowMs: number, count = 1): number {
    this.#refill(nowMs);
    if (this.#tokens + ROUNDING_TOKENS >= count) {
      this.#tokens -= count;
      return 0;
    }
    return this.#waitFor(count);
  }

  /** Takes as many whole tokens as there are, at most `count`; returns how many. */
  takeUpTo(nowMs: number, count: number): number {
    this.#refill(nowMs);
    const taken = Math.max(0, Math.min(count, Math.floor(this.#tokens + ROUNDING_TOKENS)));
    this.#tokens -= taken;
    return taken;
  }

  /** Puts back tokens that were taken and not used. Never fills past the capacity. */
  giveBack(nowMs: number, count: number): void {
    this.#refill(nowMs);
    this.#tokens = Math.max(this.#tokens, Math.min(this.#ceiling(), this.#tokens + count));
  }

  /**
   * Like takeUpTo, but the tokens go on occupying the bucket until `settle` says what became of
   * them.
   */
  lend(nowMs: number, count: number): number {
    const lent = this.takeUpTo(nowMs, count);
    this.#lent += lent;
    return lent;
  }

  /**
   * Closes the books on `spent + returned` lent tokens. The caller never settles more than it
   * borrowed.
   */
  settle(nowMs: number, spent: number, returned: number): void {
    this.#refill(nowMs);
    this.#lent -= spent + returned;
    if (returned > 0) this.giveBack(nowMs, returned);
  }

  /** Milliseconds until one token is due; 0 when there is one. Takes nothing. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens + ROUNDING_TOKENS >= 1 ? 0 : this.#waitFor(1);
  }

  /** Changes size and speed. Time already passed was refilled at the old speed. */
  setRate(nowMs: number, options: TokenBucketOptions): void {
    this.#refill(nowMs);
    this.#capacity = options.capacity;
    this.#refillPerMs = options.refillPerSecond / 1000;
    this.#tokens = Math.min(this.#tokens, this.#ceiling());
  }

  get limit(): number {
    return this.#capacity;
  }

  /** Whole tokens here now (`r` of the RateLimit header). */
  remaining(nowMs: number): number {
    this.#refill(nowMs);
    return Math.max(0, Math.floor(this.#tokens + ROUNDING_TOKENS));
  }

  /** Milliseconds until the bucket is full again (`t` of the RateLimit header); 0 when it is. */
  resetMs(nowMs: number): number {
    this.#refill(nowMs);
    const missing = this.#capacity - this.#tokens;
    return missing <= ROUNDING_TOKENS ? 0 : Math.ceil(missing / this.#refillPerMs);
  }

  /** True when the bucket is full and nothing is lent: a new one would behave the same. */
  isIdle(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#lent === 0 && this.#tokens + ROUNDING_TOKENS >= this.#capacity;
  }

  #ceiling(): number {
    return Math.max(0, this.#capacity - this.#lent);
  }

  #waitFor(count: number): number {
    if (count > this.#capacity || this.#refillPerMs <= 0) return Infinity;
    return waitUntil(0, (count - this.#tokens) / this.#refillPerMs);
  }

  #refill(nowMs: number): void {
    // A clock that steps back must not pay out the same interval twice.
    if (nowMs <= this.#refilledAtMs) return;
    const refilled = this.#tokens + (nowMs - this.#refilledAtMs) * this.#refillPerMs;
    this.#tokens = Math.min(refilled, this.#ceiling());
    this.#refilledAtMs = nowMs;
  }
}
