/**
 * A worker's shares of the rate limits: the gateway's, each user's, each server's, and those of API
 * keys with a rate of their own, which count in their user's stead. A call spends one of each that
 * applies, or none at all. Chunks are leased from the primary (policy/lease-budget.ts),
 * so that most calls spend with no message; a call that finds a chunk empty waits for the answer.
 */
import { rateKey, type RateKind, type WorkerEvent } from '../ipc/admission-messages.js';
import type { ChunkMessage } from '../policy/lease-budget.js';
import { LeaseShare, NEEDS_CHUNK } from '../policy/lease-share.js';

/** Which limits there are. */
export interface RateLimits {
  readonly hasGatewayLimit: boolean;
  readonly hasUserLimit: boolean;
  /** Servers with a rate limit, whether their own or the common one. */
  readonly limitedServers: ReadonlySet<string>;
}

export interface RateSharesOptions extends RateLimits {
  /** Users and keys remembered at once; more are refused until some are idle. Default 100 000. */
  readonly maxUsers?: number;
  readonly send: (event: WorkerEvent) => void;
  /** Asks for a call of `beforeSend` at the end of this tick. */
  readonly schedule: () => void;
}

/** One limit as a call meets it. */
export interface CallRate {
  readonly kind: RateKind;
  readonly share: LeaseShare;
  readonly key: string;
  /** An API key's own rate. Null: the configuration has it. */
  readonly perSecond: number | null;
}

export interface KeyRate {
  readonly keyId: string;
  readonly perSecond: number;
}

export type SpendResult = 'spent' | Limited;

export interface Limited {
  readonly rate: CallRate;
  readonly waitMs: number;
}

const MAX_USERS = 100_000;

/** The primary denies within 100 ms; longer means that it does not answer. */
const ANSWER_TIMEOUT_MS = 1000;

interface Asking {
  rate: CallRate;
  askedAtMs: number | null;
  /** Calls that wait for the answer. */
  readonly waiting: Spending[];
}

/** A call that waits for chunks. What it has spent it keeps meanwhile, so that every chunk is progress. */
interface Spending {
  readonly rates: readonly CallRate[];
  /** When each of the first ones was spent. */
  readonly spentAtMs: number[];
  readonly settle: (result: SpendResult) => void;
}

export class RateShares {
  readonly #options: RateSharesOptions;
  #gateway: CallRate | null = null;
  #hasUserLimit = false;
  readonly #servers = new Map<string, CallRate>();
  readonly #users = new Map<string, CallRate>();
  readonly #keys = new Map<string, CallRate>();
  readonly #asking = new Map<string, Asking>();
  /** Of limits that are no more, by key: what was lent is still to be told. */
  readonly #former = new Map<string, CallRate>();

  constructor(options: RateSharesOptions) {
    this.#options = options;
    this.setLimits(options);
  }

  /** Other limits from now on: what a call has to meet, and what was denied under the former ones. */
  setLimits({ hasGatewayLimit, hasUserLimit, limitedServers }: RateLimits): void {
    this.#hasUserLimit = hasUserLimit;
    if (!hasGatewayLimit && this.#gateway !== null) this.#retire(this.#gateway);
    this.#gateway = hasGatewayLimit ? (this.#gateway ?? this.#enlist('gateway', '')) : null;
    for (const [server, rate] of this.#servers) {
      if (limitedServers.has(server)) continue;
      this.#servers.delete(server);
      this.#retire(rate);
    }
    for (const server of limitedServers) {
      if (!this.#servers.has(server)) this.#servers.set(server, this.#enlist('server', server));
    }
    this.#gateway?.share.forgetDenial();
    for (const { share } of this.#servers.values()) share.forgetDenial();
    for (const { share } of this.#users.values()) share.forgetDenial();
  }

  /**
   * The limits a call meets, the caller's own first; null when the table of callers is full. `key`:
   * where the API key has a rate of its own.
   */
  ratesOf(
    user: string,
    server: string,
    nowMs: number,
    key: KeyRate | null = null,
  ): readonly CallRate[] | null {
    const rates: CallRate[] = [];
    if (key !== null || this.#hasUserLimit) {
      const ofCaller = key === null ? this.#rateOfUser(user) : this.#rateOfKey(key, nowMs);
      if (ofCaller === null) return null;
      rates.push(ofCaller);
    }
    const ofServer = this.#servers.get(server);
    if (ofServer !== undefined) rates.push(ofServer);
    if (this.#gateway !== null) rates.push(this.#gateway);
    return rates;
  }

  /** One of each or none: at once, or, where a chunk is missing, when the primary has answered. */
  spend(rates: readonly CallRate[], nowMs: number): SpendResult | Promise<SpendResult> {
    for (let i = 0; i < rates.length; i += 1) {
      const rate = rates[i];
      if (rate === undefined) break;
      const waitMs = rate.share.spend(nowMs);
      if (waitMs === NEEDS_CHUNK) return this.#spendLater(rates, i, nowMs);
      if (waitMs === 0) continue;
      for (let spent = 0; spent < i; spent += 1) rates[spent]?.share.refund(nowMs);
      return { rate, waitMs };
    }
    for (const rate of rates) {
      if (!rate.share.isLow(nowMs)) continue;
      this.#askFor(rates, nowMs);
      break;
    }
    return 'spent';
  }

  /** For a call that another policy refused. */
  refund(rates: readonly CallRate[], spentAtMs: number): void {
    for (const { share } of rates) share.refund(spentAtMs);
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

  onMessage(message: ChunkMessage, nowMs: number): void {
    const rate = this.#find(message.key);
    switch (message.kind) {
      case 'chunk':
        rate?.share.granted(nowMs, message.count, message.left, message.waitMs);
        break;
      case 'chunk-denied':
        rate?.share.denied(nowMs, message.waitMs);
        break;
      case 'chunk-recall': {
        // A share that was forgotten was idle: nothing was lent to it.
        const report = rate?.share.recall(nowMs) ?? NOTHING_LEFT;
        this.#options.send({ kind: 'report', limit: message.key, report });
        return;
      }
    }
    this.#wake(message.key, nowMs);
  }

  /** To be called every 50 ms: places come back that much late. */
  sweep(nowMs: number): void {
    for (const [key, { rate, askedAtMs }] of this.#asking) {
      if (askedAtMs === null || nowMs - askedAtMs < ANSWER_TIMEOUT_MS) continue;
      rate.share.denied(nowMs, ANSWER_TIMEOUT_MS);
      this.#wake(key, nowMs);
    }
    if (this.#gateway !== null) this.#report(this.#gateway, nowMs);
    for (const rate of this.#servers.values()) this.#report(rate, nowMs);
    for (const callers of [this.#users, this.#keys, this.#former]) {
      for (const [name, rate] of callers) {
        this.#report(rate, nowMs);
        if (rate.share.isIdle(nowMs) && !this.#asking.has(rate.key)) callers.delete(name);
      }
    }
  }

  /** Users and keys with an account now. */
  get users(): number {
    return this.#users.size + this.#keys.size;
  }

  #rateOfUser(user: string): CallRate | null {
    let rate = this.#users.get(user);
    if (rate === undefined) {
      if (this.#isFull()) return null;
      rate = newRate('user', user);
      this.#users.set(user, rate);
    }
    return rate;
  }

  #rateOfKey({ keyId, perSecond }: KeyRate, nowMs: number): CallRate | null {
    const known = this.#keys.get(keyId);
    if (known?.perSecond === perSecond) return known;
    if (known === undefined && this.#isFull()) return null;
    // A changed rate: the share goes on, so that what is under way is not lost, with nothing in it.
    const rate = newRate('key', keyId, perSecond, known?.share);
    if (known !== undefined) {
      const report = known.share.restart(nowMs);
      this.#options.send({ kind: 'report', limit: known.key, report });
      const asking = this.#asking.get(known.key);
      if (asking !== undefined) asking.rate = rate;
    }
    this.#keys.set(keyId, rate);
    return rate;
  }

  #isFull(): boolean {
    return this.users >= (this.#options.maxUsers ?? MAX_USERS);
  }

  #report({ share, key }: CallRate, nowMs: number): void {
    const report = share.sweep(nowMs);
    if (report !== undefined) this.#options.send({ kind: 'report', limit: key, report });
  }

  #spendLater(rates: readonly CallRate[], spentCount: number, nowMs: number): Promise<SpendResult> {
    // The others that the call will need may as well come with the same message.
    for (const rate of rates) if (rate.share.isUnstocked(nowMs)) this.#ask(rate);
    return new Promise((settle) => {
      const spending = { rates, spentAtMs: new Array<number>(spentCount).fill(nowMs), settle };
      const missing = rates[spentCount];
      if (missing === undefined) settle('spent');
      else this.#ask(missing).waiting.push(spending);
    });
  }

  /** In advance; those that would ask soon go along. */
  #askFor(rates: readonly CallRate[], nowMs: number): void {
    for (const rate of rates) if (rate.share.isHalfSpent(nowMs)) this.#ask(rate);
  }

  /**
   * Those who waited spend here and now: the next message of the same batch may recall the chunk, and
   * two workers could hand it to each other for ever (seen: 76,000 messages in 10 s, no call served).
   */
  #wake(key: string, nowMs: number): void {
    const asking = this.#asking.get(key);
    if (asking === undefined) return;
    this.#asking.delete(key);
    for (const spending of asking.waiting) this.#spendOn(spending, nowMs);
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

  #retire(rate: CallRate): void {
    this.#former.set(rate.key, rate);
  }

  /** A share for the limit, or the one that it had before. */
  #enlist(kind: 'gateway' | 'server', name: string): CallRate {
    const key = rateKey(kind, name);
    const former = this.#former.get(key);
    this.#former.delete(key);
    return former ?? newRate(kind, name);
  }

  #find(key: string): CallRate | undefined {
    if (key === 'gateway') return this.#gateway ?? this.#former.get(key);
    const name = key.slice(key.indexOf(':') + 1);
    if (key.startsWith('user:')) return this.#users.get(name);
    if (key.startsWith('key:')) return this.#keys.get(name);
    return this.#servers.get(name) ?? this.#former.get(key);
  }
}

const NOTHING_LEFT = { spent: 0, returned: 0, spentAgeMs: 0, answersRecall: true };

function newRate(
  kind: RateKind,
  name: string,
  perSecond: number | null = null,
  share = new LeaseShare(),
): CallRate {
  return { kind, share, key: rateKey(kind, name), perSecond };
}
