/**
 * One rate limit (a token bucket or a sliding window) that several workers spend from, without
 * asking for each call. The primary owns the limit and lends chunks of it; a worker spends its
 * chunk (lease-share.ts) and reports.
 *
 * WHY NOTHING IS ADMITTED ABOVE THE LIMIT. What is lent counts against the limit until it is known
 * what became of it: in a window as taken now, in a bucket as tokens still inside (so they are not
 * refilled a second time). A report turns lent into spent, dated not before the spending: the
 * worker says how long ago its last spending was, and the time the report took only makes it later.
 * So at any instant all spendings of the last window are lent or logged, and their sum is bounded
 * as in one process. A worker that dies has, for all we know, just spent everything: the safe side.
 * The price is refusing slightly too much: a place comes back up to one report interval late.
 *
 * WHY NOBODY IS REFUSED WHILE A CHUNK LIES IDLE ELSEWHERE. An ask that finds too little recalls the
 * chunks of the other workers and waits for their answers, at most `recallTimeoutMs`. Then it gets
 * what there is, and what the chunk does not cover is refused: an ask is answered once, so no call
 * goes on asking for tokens that trickle in. For a while after that the limit is contended: workers
 * get what they need and nothing in advance.
 */
import type { Incarnation } from './lease-messages.js';

/** What can be lent: TokenBucket and SlidingWindow are. */
export interface LendableLimit {
  lend(nowMs: number, count: number): number;
  settle(nowMs: number, spent: number, returned: number, spentAgeMs: number): void;
  waitMs(nowMs: number): number;
  remaining(nowMs: number): number;
  isIdle(nowMs: number): boolean;
}

/** Worker to primary. */
export interface ChunkRequest {
  /** Calls that wait for the answer; 0 when the worker only stocks up. */
  readonly needed: number;
  /** What it would like, by its recent spending; >= needed. */
  readonly wanted: number;
}

/** Worker to primary: what became of lent tokens. */
export interface ChunkReport {
  readonly spent: number;
  readonly returned: number;
  /** Age of the last spending, at sending. */
  readonly spentAgeMs: number;
  /** This report answers a recall: the worker has nothing unspent. */
  readonly answersRecall: boolean;
}

/** Primary to the worker `to`. */
export type ChunkMessage =
  | {
      readonly kind: 'chunk';
      readonly to: Incarnation;
      readonly key: string;
      /** 0 only in answer to `needed: 0`. */
      readonly count: number;
      /** Left at the primary after this, for the RateLimit header. */
      readonly left: number;
      /** > 0: the chunk is smaller than what was needed; the calls beyond it have this long to wait. */
      readonly waitMs: number;
    }
  | {
      readonly kind: 'chunk-denied';
      readonly to: Incarnation;
      readonly key: string;
      readonly waitMs: number;
    }
  | { readonly kind: 'chunk-recall'; readonly to: Incarnation; readonly key: string };

export interface LeaseBudgetOptions {
  /** Longest wait of an ask for other workers' chunks. Default 100. */
  readonly recallTimeoutMs: number;
  /** How long after a recall nothing is lent in advance. Default 1 000. */
  readonly contendedMs: number;
}

export const defaultLeaseBudget: LeaseBudgetOptions = { recallTimeoutMs: 100, contendedMs: 1000 };

// Infinity does not survive JSON; a day is "not by waiting".
const LONGEST_WAIT_MS = 86_400_000;

interface Holder {
  lent: number;
  recalled: boolean;
}

interface PendingAsk {
  readonly request: ChunkRequest;
  readonly untilMs: number;
}

export class LeaseBudget<Limit extends LendableLimit = LendableLimit> {
  #limit: Limit;
  readonly #key: string;
  readonly #options: LeaseBudgetOptions;
  readonly #send: (message: ChunkMessage) => void;
  readonly #holders = new Map<Incarnation, Holder>();
  readonly #pending = new Map<Incarnation, PendingAsk>();
  #contendedUntilMs = -Infinity;

  constructor(
    key: string,
    limit: Limit,
    send: (message: ChunkMessage) => void,
    options: LeaseBudgetOptions = defaultLeaseBudget,
  ) {
    this.#key = key;
    this.#limit = limit;
    this.#send = send;
    this.#options = options;
  }

  get limit(): Limit {
    return this.#limit;
  }

  /**
   * A limit of another kind takes over. What is lent counts as spent in it now, and what is still said
   * about that is not heard: the chunks that are out run out.
   */
  replaceLimit(limit: Limit, nowMs: number): void {
    const { lent } = this;
    this.#holders.clear();
    this.#limit = limit;
    limit.settle(nowMs, limit.lend(nowMs, lent), 0, 0);
    this.#servePending(nowMs);
  }

  /**
   * A worker asks; it has at most one ask open. Answered by one chunk or denial, now or within
   * recallTimeoutMs; what a chunk does not cover is denied with it.
   */
  ask(from: Incarnation, request: ChunkRequest, nowMs: number): void {
    if (!this.#covers(request, nowMs) && this.#recallOthers(from, nowMs)) {
      this.#pending.set(from, { request, untilMs: nowMs + this.#options.recallTimeoutMs });
      return;
    }
    this.#answer(from, request, nowMs);
  }

  /** A worker settles. More than it was lent is not believed. */
  report(from: Incarnation, report: ChunkReport, nowMs: number): void {
    const holder = this.#holders.get(from);
    if (holder === undefined) return;
    const spent = Math.min(report.spent, holder.lent);
    const returned = Math.min(report.returned, holder.lent - spent);
    holder.lent -= spent + returned;
    if (report.answersRecall) holder.recalled = false;
    // A recalled holder stays on the books until it answers, even with nothing lent: its answer is
    // waited for.
    if (holder.lent === 0 && !holder.recalled) this.#holders.delete(from);
    this.#limit.settle(nowMs, spent, returned, report.spentAgeMs);
    this.#servePending(nowMs);
  }

  /** The process is gone: what it held counts as spent now. */
  workerExited(incarnation: Incarnation, nowMs: number): void {
    this.#pending.delete(incarnation);
    const holder = this.#holders.get(incarnation);
    if (holder === undefined) return;
    this.#holders.delete(incarnation);
    this.#limit.settle(nowMs, holder.lent, 0, 0);
    this.#servePending(nowMs);
  }

  /** After the limit was lowered: what workers hold beyond it comes back now, not as it is spent. */
  recallExcess(nowMs: number): void {
    if (this.#limit.remaining(nowMs) === 0) this.#recallOthers(null, nowMs);
  }

  /** Answers the asks that have waited long enough, with what there is. */
  tick(nowMs: number): void {
    for (const [from, { request, untilMs }] of this.#pending) {
      if (nowMs < untilMs) continue;
      this.#pending.delete(from);
      this.#answer(from, request, nowMs);
    }
  }

  /** In the workers' hands: not known to be spent or back. */
  get lent(): number {
    let lent = 0;
    for (const holder of this.#holders.values()) lent += holder.lent;
    return lent;
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  isIdle(nowMs: number): boolean {
    return this.#holders.size === 0 && this.#pending.size === 0 && this.#limit.isIdle(nowMs);
  }

  #covers({ needed }: ChunkRequest, nowMs: number): boolean {
    return needed === 0 || this.#limit.remaining(nowMs) >= needed;
  }

  #answer(to: Incarnation, { needed, wanted }: ChunkRequest, nowMs: number): void {
    const key = this.#key;
    const inAdvance = nowMs < this.#contendedUntilMs ? 0 : this.#halfLeftAfter(needed, nowMs);
    const count = this.#limit.lend(nowMs, Math.min(wanted, needed + inAdvance));
    if (count === 0 && needed > 0) {
      this.#send({ kind: 'chunk-denied', to, key, waitMs: this.#waitMs(nowMs) });
      return;
    }
    if (count > 0) {
      const holder = this.#holders.get(to);
      if (holder === undefined) this.#holders.set(to, { lent: count, recalled: false });
      else holder.lent += count;
    }
    const left = this.#limit.remaining(nowMs);
    const waitMs = count < needed ? this.#waitMs(nowMs) : 0;
    this.#send({ kind: 'chunk', to, key, count, left, waitMs });
  }

  /** Half stays here, so that the next worker usually finds something without a recall. */
  #halfLeftAfter(needed: number, nowMs: number): number {
    return Math.max(0, Math.floor((this.#limit.remaining(nowMs) - needed) / 2));
  }

  /** Returns whether there is anyone whose answer may bring something. */
  #recallOthers(asking: Incarnation | null, nowMs: number): boolean {
    let waits = false;
    for (const [to, holder] of this.#holders) {
      if (to === asking) continue;
      waits = true;
      if (holder.recalled) continue;
      holder.recalled = true;
      this.#send({ kind: 'chunk-recall', to, key: this.#key });
    }
    if (waits) this.#contendedUntilMs = nowMs + this.#options.contendedMs;
    return waits;
  }

  #servePending(nowMs: number): void {
    if (this.#pending.size === 0) return;
    for (const [from, { request }] of this.#pending) {
      if (!this.#covers(request, nowMs) && this.#awaitsOthers(from)) continue;
      this.#pending.delete(from);
      this.#answer(from, request, nowMs);
    }
  }

  #awaitsOthers(asking: Incarnation): boolean {
    for (const [other, holder] of this.#holders) {
      if (other !== asking && holder.recalled) return true;
    }
    return false;
  }

  #waitMs(nowMs: number): number {
    return Math.min(LONGEST_WAIT_MS, Math.max(1, this.#limit.waitMs(nowMs)));
  }
}
