/**
 * What of each rate limit was spent lately, and of which there was too little: told by what was lent to workers, what
 * came back, and what was denied.
 */
import { RecentPeak } from './recent-peak.js';

interface Account {
  readonly perSecond: RecentPeak;
  inSpan: number;
  spanEndsAtMs: number;
  shortUntilMs: number;
}

const SPAN_MS = 1000;
/** A denial says so much longer than its wait that there is too little. */
const SHORT_MS = 2000;

export class RateWants {
  readonly #accounts = new Map<string, Account>();

  /** Lent (> 0) or come back (< 0). */
  moved(key: string, count: number, nowMs: number): void {
    this.#account(key, nowMs).inSpan += count;
  }

  denied(key: string, waitMs: number, nowMs: number): void {
    this.#account(key, nowMs).shortUntilMs = nowMs + Math.min(waitMs, SHORT_MS) + SHORT_MS;
  }

  /** Spent in a second lately; Infinity while there is too little. */
  wantOf(key: string, nowMs: number): number {
    if (!this.#accounts.has(key)) return 0;
    const { perSecond, shortUntilMs } = this.#account(key, nowMs);
    return nowMs < shortUntilMs ? Infinity : perSecond.value(nowMs);
  }

  /** For keys that may come and go: forgets those that are none of `keys`. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#accounts.keys()) if (!keys.has(key)) this.#accounts.delete(key);
  }

  #account(key: string, nowMs: number): Account {
    let account = this.#accounts.get(key);
    if (account === undefined) {
      const spanEndsAtMs = nowMs + SPAN_MS;
      const perSecond = new RecentPeak(SPAN_MS);
      account = { perSecond, inSpan: 0, spanEndsAtMs, shortUntilMs: -Infinity };
      this.#accounts.set(key, account);
    }
    account.perSecond.note(nowMs, account.inSpan);
    if (nowMs >= account.spanEndsAtMs) {
      account.inSpan = 0;
      account.spanEndsAtMs = nowMs + SPAN_MS;
    }
    return account;
  }
}
