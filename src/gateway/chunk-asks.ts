/**
 * The asks of a worker for chunks of rate limits, and the calls that wait for them. A burst asks once for
 * all of it; a call keeps what it has spent while it waits, so that every chunk that arrives is progress.
 */
import type { WorkerEvent } from '../ipc/admission-messages.js';
import { NEEDS_CHUNK } from '../policy/lease-share.js';
import type { CallRate, SpendResult } from './call-rate.js';

export interface ChunkAsksOptions {
  readonly send: (event: WorkerEvent) => void;
  /** Asks for a call of `beforeSend` at the end of this tick. */
  readonly schedule: () => void;
}

/** The primary denies within 100 ms; longer means that it does not answer. */
const ANSWER_TIMEOUT_MS = 1000;

interface Asking {
  rate: CallRate;
  askedAtMs: number | null;
  /** Calls that wait for the answer. */
  readonly waiting: Spending[];
}

interface Spending {
  readonly rates: readonly CallRate[];
  /** When each of the first ones was spent. */
  readonly spentAtMs: number[];
  readonly settle: (result: SpendResult) => void;
}

export class ChunkAsks {
  readonly #options: ChunkAsksOptions;
  readonly #asking = new Map<string, Asking>();

  constructor(options: ChunkAsksOptions) {
    this.#options = options;
  }

  isAsking(key: string): boolean {
    return this.#asking.has(key);
  }

  /** The limit goes on as another one: its share is the same. */
  replace(key: string, rate: CallRate): void {
    const asking = this.#asking.get(key);
    if (asking !== undefined) asking.rate = rate;
  }

  /** In advance; those that would ask soon go along. */
  askAhead(rates: readonly CallRate[], nowMs: number): void {
    for (const rate of rates) if (rate.share.isHalfSpent(nowMs)) this.#ask(rate);
  }

  /** For a call that has spent the first `spentCount` of its rates and found the next one empty. */
  spendLater(rates: readonly CallRate[], spentCount: number, nowMs: number): Promise<SpendResult> {
    // The others that the call will need may as well come with the same message.
    for (const rate of rates) if (rate.share.isUnstocked(nowMs)) this.#ask(rate);
    return new Promise((settle) => {
      const spending = { rates, spentAtMs: new Array<number>(spentCount).fill(nowMs), settle };
      const missing = rates[spentCount];
      if (missing === undefined) settle('spent');
      else this.#ask(missing).waiting.push(spending);
    });
  }

  /** At the end of a tick, so that a burst asks once for all of it. */
  beforeSend(nowMs: number): void {
    for (const asking of this.#asking.values()) {
      const { rate, waiting } = asking;
      const request = rate.share.ask(nowMs, waiting.length);
      if (request === undefined) continue;
      asking.askedAtMs = nowMs;
      const { key: limit, perSecond } = rate;
      this.#options.send(
        perSecond === null
          ? { kind: 'ask', limit, request }
          : { kind: 'ask', limit, request, perSecond },
      );
    }
  }

  /**
   * The primary has answered. Those who waited spend here and now: the next message of the same batch may
   * recall the chunk, and two workers could hand it to each other for ever (seen: 76,000 messages in 10 s,
   * no call served).
   */
  answered(key: string, nowMs: number): void {
    const asking = this.#asking.get(key);
    if (asking === undefined) return;
    this.#asking.delete(key);
    for (const spending of asking.waiting) this.#spendOn(spending, nowMs);
  }

  /** Gives up asks that the primary does not answer. */
  sweep(nowMs: number): void {
    for (const [key, { rate, askedAtMs }] of this.#asking) {
      if (askedAtMs === null || nowMs - askedAtMs < ANSWER_TIMEOUT_MS) continue;
      rate.share.denied(nowMs, ANSWER_TIMEOUT_MS);
      this.answered(key, nowMs);
    }
  }

  #spendOn(spending: Spending, nowMs: number): void {
    const { rates, spentAtMs, settle } = spending;
    for (let rate = rates[spentAtMs.length]; rate; rate = rates[spentAtMs.length]) {
      const waitMs = rate.share.spend(nowMs);
      if (waitMs === NEEDS_CHUNK) {
        this.#ask(rate).waiting.push(spending);
        return;
      }
      if (waitMs > 0) {
        for (const [i, atMs] of spentAtMs.entries()) rates[i]?.share.refund(atMs);
        settle({ rate, waitMs });
        return;
      }
      spentAtMs.push(nowMs);
    }
    settle('spent');
  }

  #ask(rate: CallRate): Asking {
    let asking = this.#asking.get(rate.key);
    if (asking === undefined) {
      asking = { rate, askedAtMs: null, waiting: [] };
      this.#asking.set(rate.key, asking);
    }
    this.#options.schedule();
    return asking;
  }
}
