/**
 * A worker's share of one rate limit: the chunk lent by the primary (lease-budget.ts), spent call
 * by call with no message. What it spent and what it no longer needs it reports at every sweep; an
 * idle share reports nothing. After a denial it refuses by itself until the time named, so that a
 * flood of refused calls costs no IPC.
 */
import type { ChunkReport, ChunkRequest } from './lease-budget.js';
import { waitUntil } from './wait-until.js';

/** `spend` found the chunk empty: the call has to wait for an answer of the primary. */
export const NEEDS_CHUNK = -1;

export interface LeaseShareOptions {
  /** A chunk should last this long at the recent pace. Default 100. */
  readonly chunkMs: number;
  /** Largest chunk to ask for. Default 1 000. */
  readonly maxChunk: number;
}

export const defaultLeaseShare: LeaseShareOptions = { chunkMs: 100, maxChunk: 1000 };

export class LeaseShare {
  readonly #options: LeaseShareOptions;
  #unspent = 0;
  /** Lowest `unspent` since the last sweep: so much was not needed. */
  #lowWater = 0;
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
   * Takes back a spending made at `spentAtMs` because another limit refused the call. It is lost
   * when a report went out
   * meanwhile: taking back a later one in its stead would date a spending too early.
   */
  refund(spentAtMs: number): void {
    if (this.#spent === 0 || spentAtMs <= this.#reportedAtMs) return;
    this.#spent -= 1;
    this.#unspent += 1;
  }

  /** True when it is time to ask in advance, with `needed` 0, so that no call has to wait. */
  isLow(nowMs: number): boolean {
    return !this.#asking && this.#unspent * 4 < this.#lastChunk && nowMs >= this.#stockUpFromMs;
  }

  /**
   * The request to send; undefined while one is under way. `needed`: how many calls wait. To be
   * called when the tick's
   * batch is sent, so that a burst asks once for all of it.
   */
  ask(nowMs: number, needed: number): ChunkRequest | undefined {
    if (this.#asking) return undefined;
    const { chunkMs, maxChunk } = this.#options;
    const perMs = this.#spentSinceAsk / Math.max(1, nowMs - this.#askedAtMs);
    this.#asking = true;
    this.#askedAtMs = nowMs;
    this.#spentSinceAsk = 0;
    return { needed, wanted: Math.max(needed, Math.min(maxChunk, Math.ceil(perMs * chunkMs))) };
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

  /** Everything unspent goes back; the report must be sent even when it is all zeros. */
  recall(nowMs: number): ChunkReport {
    return this.#report(nowMs, this.#unspent, true);
  }

  /**
   * The report to send, if there is anything to say. To be called every 50 ms: places come back
   * that much late.
   */
  sweep(nowMs: number): ChunkReport | undefined {
    const unneeded = this.#lowWater;
    if (this.#spent === 0 && unneeded === 0) {
      this.#lowWater = this.#unspent;
      return undefined;
    }
    return this.#report(nowMs, unneeded, false);
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
    this.#lowWater = this.#unspent;
    return { spent, returned, spentAgeMs, answersRecall };
  }
}
