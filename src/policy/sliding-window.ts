/**
 * Never more than `limit` in ANY window of `windowMs`: the log variant, so the bound has no error.
 * A window is half-open, (t - windowMs, t]: two takes exactly windowMs apart are in no common
 * window.
 *
 * The log is a ring of groups (instant of the group's last take, count). Up to EXACT_LIMIT every
 * instant has a group of its own, which is exact in both directions. Above it takes within windowMs
 * / GROUPS share a group that leaves as one, at its last instant: the bound stays exact, a place
 * comes free up to windowMs / GROUPS late, and memory stays below GROUPS entries. The counter
 * variant (Cloudflare: prev * rest + cur) is smaller but not a bound.
 *
 * Places can also be lent (lease-budget.ts): a lent place counts as taken now, until it is settled
 * as spent (and stays for a window from then) or returned. Every spending is thus counted for at
 * least one window after it.
 */
import { waitUntil } from './wait-until.js';

export interface SlidingWindowOptions {
  /** Most takes in any window; whole, >= 0. */
  readonly limit: number;
  /** Length of the window, > 0. */
  readonly windowMs: number;
}

// Chosen: 256 instants are 4 KiB; the usual limits (10 per user, 50 per server, in a second) are
// far below.
const EXACT_LIMIT = 256;
// Chosen: a place comes free at most 1/128 of a window late.
const GROUPS = 128;
const FIRST_SIZE = 8;

export class SlidingWindow {
  #limit: number;
  readonly #windowMs: number;
  // Group i of the ring: [2i] instant of its last take, [2i + 1] count. Grows by doubling: most
  // keys stay small.
  #ring = new Float64Array(FIRST_SIZE * 2);
  #head = 0;
  #groups = 0;
  #newestStartedAtMs = -Infinity;
  #latestMs = -Infinity;
  #used = 0;
  #lent = 0;

  constructor(options: SlidingWindowOptions) {
    this.#limit = options.limit;
    this.#windowMs = options.windowMs;
  }

  /**
   * Takes `count` places or none. Returns 0 when admitted, else the whole milliseconds until they
   * are free.
   */
  take(nowMs: number, count = 1): number {
    const atMs = this.#forget(nowMs);
    if (this.#used + this.#lent + count > this.#limit) return this.#waitFor(atMs, count);
    this.#log(atMs, count);
    return 0;
  }

  /** Lends up to `count` places; returns how many. They count as taken until `settle`. */
  lend(nowMs: number, count: number): number {
    this.#forget(nowMs);
    const lent = Math.max(0, Math.min(count, this.#limit - this.#used - this.#lent));
    this.#lent += lent;
    return lent;
  }

  /**
   * Closes the books on `spent + returned` lent places; the last of the spent ones was spent
   * `spentAgeMs` ago or
   * earlier. The caller never settles more than it borrowed.
   */
  settle(nowMs: number, spent: number, returned: number, spentAgeMs = 0): void {
    const atMs = this.#forget(nowMs);
    this.#lent -= spent + returned;
    if (spent > 0) this.#log(atMs - spentAgeMs, spent);
  }

  /** Milliseconds until one place is free; 0 when one is. Takes nothing. */
  waitMs(nowMs: number): number {
    const atMs = this.#forget(nowMs);
    return this.#used + this.#lent < this.#limit ? 0 : this.#waitFor(atMs, 1);
  }

  /** Changes the limit. After lowering it, nothing is admitted until enough has left the window. */
  setLimit(limit: number): void {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Places free now (`r` of the RateLimit header). */
  remaining(nowMs: number): number {
    this.#forget(nowMs);
    return Math.max(0, this.#limit - this.#used - this.#lent);
  }

  /**
   * Milliseconds until the window is empty if nobody takes (`t` of the RateLimit header); 0 when it
   * is.
   */
  resetMs(nowMs: number): number {
    const atMs = this.#forget(nowMs);
    if (this.#groups === 0) return 0;
    return waitUntil(atMs, this.#instant(this.#groups - 1) + this.#windowMs);
  }

  /** True when nothing is counted: a new window would behave the same. */
  isIdle(nowMs: number): boolean {
    this.#forget(nowMs);
    return this.#groups === 0 && this.#lent === 0;
  }

  /** Drops what has left the window; returns the instant to reckon with, which never steps back. */
  #forget(nowMs: number): number {
    if (nowMs > this.#latestMs) this.#latestMs = nowMs;
    while (this.#groups > 0 && this.#instant(0) + this.#windowMs <= this.#latestMs) {
      this.#used -= this.#count(0);
      this.#head = (this.#head + 1) % (this.#ring.length / 2);
      this.#groups -= 1;
    }
    return this.#latestMs;
  }

  #waitFor(atMs: number, count: number): number {
    if (count > this.#limit) return Infinity;
    let leaving = 0;
    for (let group = 0; group < this.#groups; group += 1) {
      leaving += this.#count(group);
      if (this.#used + this.#lent + count - leaving <= this.#limit) {
        return waitUntil(atMs, this.#instant(group) + this.#windowMs);
      }
    }
    // Only lent places are in the way: at the latest they are spent now and leave a window from
    // now.
    return waitUntil(0, this.#windowMs);
  }

  #log(atMs: number, count: number): void {
    this.#used += count;
    const grainMs = this.#limit <= EXACT_LIMIT ? 0 : this.#windowMs / GROUPS;
    const newest = this.#groups - 1;
    if (newest >= 0) {
      // The log is in order of time; a settlement that is older than the newest entry counts as
      // that young.
      const lastMs = Math.max(atMs, this.#instant(newest));
      if (lastMs === this.#instant(newest) || lastMs < this.#newestStartedAtMs + grainMs) {
        this.#write(newest, lastMs, this.#count(newest) + count);
        return;
      }
    }
    if (this.#groups === this.#ring.length / 2) this.#grow();
    this.#newestStartedAtMs = atMs;
    this.#groups += 1;
    this.#write(this.#groups - 1, atMs, count);
  }

  #slot(group: number): number {
    return ((this.#head + group) % (this.#ring.length / 2)) * 2;
  }

  #instant(group: number): number {
    return this.#ring[this.#slot(group)] ?? 0;
  }

  #count(group: number): number {
    return this.#ring[this.#slot(group) + 1] ?? 0;
  }

  #write(group: number, instantMs: number, count: number): void {
    const slot = this.#slot(group);
    this.#ring[slot] = instantMs;
    this.#ring[slot + 1] = count;
  }

  #grow(): void {
    const larger = new Float64Array(this.#ring.length * 2);
    for (let group = 0; group < this.#groups; group += 1) {
      larger[group * 2] = this.#instant(group);
      larger[group * 2 + 1] = this.#count(group);
    }
    this.#ring = larger;
    this.#head = 0;
  }
}
