/**
 * A worker's share of one rate limit: the chunk lent by the primary (lease-budget.ts), spent call
 * by call with no message. What it spent it reports at every sweep, what it has not needed for
 * `keepMs` it gives back; an idle share reports nothing. After a denial it refuses by itself until
 * the time named, so that a flood of refused calls costs no IPC.
 *
 * Far from its limit a share needs fewer words: as long as the primary had `AMPLE_RATIO` times the
 * chunk left, chunks are larger and reports rarer. That only makes places come back later where
 * nobody waits for them.
 */
import type { ChunkReport, ChunkRequest } from './lease-budget.js';
import { waitUntil } from './wait-until.js';

/** `spend` found the chunk empty: the call has to wait for an answer of the primary. */
export const NEEDS_CHUNK = -1;

export interface LeaseShareOptions {
  /** A chunk should last this long at the recent pace. Default 100. */
  readonly chunkMs: number;
  /**
   * Least to ask for, so that a caller who is new or rare asks once and not call by call. Default 8.
   */
  readonly minChunk: number;
  /** Largest chunk to ask for. Default 4 000. */
  readonly maxChunk: number;
  /** What was not needed for so long goes back. Default 1 000. */
  readonly keepMs: number;
}

export const defaultLeaseShare: LeaseShareOptions = {
  chunkMs: 100,
  minChunk: 8,
  maxChunk: 4000,
  keepMs: 1000,
};

// Chosen: a limit of which a tenth of a second's calls are not a quarter is not near.
const AMPLE_RATIO = 4;
const AMPLE_CHUNK_MS = 400;
const AMPLE_REPORT_MS = 250;

export class LeaseShare {
  readonly #options: LeaseShareOptions;
  #unspent = 0;
  /** Lowest `unspent` since `lowWaterFromMs`: so much was not needed. */
  #lowWater = 0;
  #lowWaterFromMs = -Infinity;
  #spent = 0;
  #lastSpentAtMs = -Infinity;
  #reportedAtMs = -Infinity;
  #lastChunk = 0;
  #leftAtPrimary = 0;
  #deniedUntilMs = -Infinity;
  #asking = false;
  #askedAtMs = -Infinity;
  #spentSinceAsk = 0;
  #stockUpFromMs = -Infinity;

  constructor(options: LeaseShareOptions = defaultLeaseShare) {
    this.#options = options;
  }

  /**
   * Spends one. 0: admitted; > 0: rate-limited, milliseconds to wait; NEEDS_CHUNK: ask, and spend
   * again then.
   */
  spend(nowMs: number): number {
    if (this.#unspent > 0) {
      this.#unspent -= 1;
      if (this.#unspent < this.#lowWater) this.#lowWater = this.#unspent;
      this.#spent += 1;
      this.#spentSinceAsk += 1;
      this.#lastSpentAtMs = nowMs;
      return 0;
    }
    return nowMs < this.#deniedUntilMs ? waitUntil(nowMs, this.#deniedUntilMs) : NEEDS_CHUNK;
  }

  /**
   * Takes back a spending made at `spentAtMs` because another limit refused the call. It is lost when a report
   * went out meanwhile: taking back a later one in its stead would date a spending too early.
   */
  refund(spentAtMs: number): void {
    if (this.#spent === 0 || spentAtMs <= this.#reportedAtMs) return;
    this.#spent -= 1;
    this.#unspent += 1;
  }

  /** True when it is time to ask in advance, with `needed` 0, so that no call has to wait. */
  isLow(nowMs: number): boolean {
    return (
      this.#unspent * 4 < this.#lastChunk &&
      !this.#asking &&
      this.#leftAtPrimary > 0 &&
      nowMs >= this.#stockUpFromMs
    );
  }

  /** True when another limit's ask may as well take this one along, for one message instead of two. */
  isHalfSpent(nowMs: number): boolean {
    return (
      this.#unspent * 2 < this.#lastChunk &&
      !this.#asking &&
      this.#leftAtPrimary > 0 &&
      nowMs >= this.#stockUpFromMs
    );
  }

  /** True of a share that has nothing and has not been told why. */
  isUnstocked(nowMs: number): boolean {
    return this.#unspent === 0 && !this.#asking && nowMs >= this.#deniedUntilMs;
  }

  /**
   * The request to send; undefined while one is under way. `needed`: how many calls wait. To be called when the
   * tick's batch is sent, so that a burst asks once for all of it.
   */
  ask(nowMs: number, needed: number): ChunkRequest | undefined {
    if (this.#asking) return undefined;
    const { minChunk, maxChunk } = this.#options;
    const chunkMs = this.#isAmple() ? AMPLE_CHUNK_MS : this.#options.chunkMs;
    const perMs = this.#spentSinceAsk / Math.max(1, nowMs - this.#askedAtMs);
    const wanted = Math.min(maxChunk, Math.max(minChunk, Math.ceil(perMs * chunkMs)));
    this.#asking = true;
    this.#askedAtMs = nowMs;
    this.#spentSinceAsk = 0;
    return { needed, wanted: Math.max(needed, wanted) };
  }

  /**
   * A chunk arrived: the waiting calls may spend now. `waitMs` > 0: those it does not cover are
   * rate-limited for so long.
   */
  granted(nowMs: number, count: number, left: number, waitMs = 0): void {
    this.#asking = false;
    this.#unspent += count;
    this.#leftAtPrimary = left;
    this.#lastChunk = count;
    this.#deniedUntilMs = waitMs > 0 ? nowMs + waitMs : -Infinity;
    if (count === 0) this.#stockUpFromMs = nowMs + this.#options.chunkMs;
  }

  /** The primary has nothing: the waiting calls are rate-limited. */
  denied(nowMs: number, waitMs: number): void {
    this.#asking = false;
    this.#leftAtPrimary = 0;
    this.#lastChunk = 0;
    this.#deniedUntilMs = nowMs + waitMs;
  }

  /** The limit was changed: a denial of the former one says nothing any more. */
  forgetDenial(): void {
    this.#deniedUntilMs = -Infinity;
  }

  /** Everything unspent goes back; the report must be sent even when it is all zeros. */
  recall(nowMs: number): ChunkReport {
    return this.#report(nowMs, this.#unspent, true);
  }

  /** The limit has changed: everything goes back, and what was said of it is void. */
  restart(nowMs: number): ChunkReport {
    this.#deniedUntilMs = -Infinity;
    this.#leftAtPrimary = 0;
    return this.#report(nowMs, this.#unspent, false);
  }

  /**
   * The report to send, if there is anything to say. To be called every 50 ms: places come back
   * that much late.
   */
  sweep(nowMs: number): ChunkReport | undefined {
    if (nowMs - this.#lowWaterFromMs >= this.#options.keepMs) {
      const unneeded = this.#lowWater;
      this.#lowWaterFromMs = nowMs;
      this.#lowWater = this.#unspent - unneeded;
      if (unneeded > 0) return this.#report(nowMs, unneeded, false);
    }
    if (this.#spent === 0) return undefined;
    if (this.#isAmple() && nowMs - this.#reportedAtMs < AMPLE_REPORT_MS) return undefined;
    return this.#report(nowMs, 0, false);
  }

  /** About how many more would be admitted now (`r` of the RateLimit header). */
  get remaining(): number {
    return this.#unspent + this.#leftAtPrimary;
  }

  /** True when nothing would be lost by forgetting this share. */
  isIdle(nowMs: number): boolean {
    return (
      this.#unspent === 0 && this.#spent === 0 && !this.#asking && nowMs >= this.#deniedUntilMs
    );
  }

  #report(nowMs: number, returned: number, answersRecall: boolean): ChunkReport {
    const spent = this.#spent;
    const spentAgeMs = spent === 0 ? 0 : Math.max(0, nowMs - this.#lastSpentAtMs);
    this.#reportedAtMs = nowMs;
    this.#spent = 0;
    this.#unspent -= returned;
    if (this.#unspent < this.#lowWater) this.#lowWater = this.#unspent;
    return { spent, returned, spentAgeMs, answersRecall };
  }

  /** By the primary's last word; a limit just denied has nothing left. */
  #isAmple(): boolean {
    return this.#leftAtPrimary >= AMPLE_RATIO * this.#lastChunk && this.#lastChunk > 0;
  }
}
