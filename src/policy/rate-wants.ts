/**
 * What of each rate limit was spent lately, and of which there was too little: told by what was lent to workers, what
 * came back, and what was denied.
 */
import { RecentPeak } from './recent-peak.js';

interface Account {
  /** Whole limit of an account that was short; null of the gateway's and servers', which are always counted. */
  readonly limit: number | null;
  readonly perSecond: RecentPeak;
  inSpan: number;
  spanEndsAtMs: number;
  shortUntilMs: number;
}

const SPAN_MS = 1000;
/** A denial says so much longer than its wait that there is too little. */
const SHORT_MS = 2000;
/** Accounts of users, keys and grants that are counted at once. */
const MAX_ACCOUNTS = 100;
/** An account is content when it was not short for so long and spends little. */
const CONTENT_MS = 10_000;

export class RateWants {
  readonly #accounts = new Map<string, Account>();
  readonly #ofAccounts = new Map<string, Account>();

  /** Lent (> 0) or come back (< 0). */
  moved(key: string, count: number, nowMs: number): void {
    this.#account(key, nowMs).inSpan += count;
  }

  denied(key: string, waitMs: number, nowMs: number): void {
    this.#account(key, nowMs).shortUntilMs = nowMs + Math.min(waitMs, SHORT_MS) + SHORT_MS;
  }

  /** As `moved`, of an account that was short lately. */
  accountMoved(key: string, count: number, nowMs: number): void {
    if (this.#ofAccounts.has(key)) this.#account(key, nowMs, this.#ofAccounts).inSpan += count;
  }

  /** An account of which there was too little. `limit`: a second's calls, on all machines. */
  accountDenied(key: string, limit: number, nowMs: number): void {
    if (!this.#ofAccounts.has(key)) {
      if (this.#ofAccounts.size >= MAX_ACCOUNTS) return;
      this.#ofAccounts.set(key, newAccount(limit, nowMs));
    }
    this.#account(key, nowMs, this.#ofAccounts).shortUntilMs = nowMs + CONTENT_MS;
  }

  /** Accounts that were short lately: what they spend in a second, and a call more while that is all they can. */
  *accountWants(
    nowMs: number,
  ): Generator<readonly [key: string, want: { readonly units: number; readonly limit: number }]> {
    for (const key of [...this.#ofAccounts.keys()]) {
      const { limit, perSecond, shortUntilMs } = this.#account(key, nowMs, this.#ofAccounts);
      if (nowMs >= shortUntilMs) this.#ofAccounts.delete(key);
      else if (limit !== null) {
        const wasShortLately = nowMs < shortUntilMs - CONTENT_MS + SHORT_MS;
        yield [key, { units: wasShortLately ? limit : perSecond.value(nowMs) * 1.25, limit }];
      }
    }
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

  #account(key: string, nowMs: number, among = this.#accounts): Account {
    let account = among.get(key);
    if (account === undefined) {
      account = newAccount(null, nowMs);
      among.set(key, account);
    }
    account.perSecond.note(nowMs, account.inSpan);
    if (nowMs >= account.spanEndsAtMs) {
      account.inSpan = 0;
      account.spanEndsAtMs = nowMs + SPAN_MS;
    }
    return account;
  }
}

function newAccount(limit: number | null, nowMs: number): Account {
  const perSecond = new RecentPeak(SPAN_MS);
  return { limit, perSecond, inSpan: 0, spanEndsAtMs: nowMs + SPAN_MS, shortUntilMs: -Infinity };
}
