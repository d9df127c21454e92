/**
 * A worker's shares of the rate limits: the gateway's, each user's, each server's, and those of API
 * keys and grants with a rate of their own, which count in their user's stead. A call spends one of each
 * that applies, or none at all. Chunks are leased from the primary (policy/lease-budget.ts),
 * so that most calls spend with no message; a call that finds a chunk empty waits for the answer.
 */
import { rateKey, type WorkerEvent } from '../ipc/admission-messages.js';
import { InTurn } from '../kernel/in-turn.js';
import type { ChunkMessage } from '../policy/lease-budget.js';
import { NEEDS_CHUNK } from '../policy/lease-share.js';
import { newRate, type CallRate, type SpendResult } from './call-rate.js';
import type { OwnRate } from './caller-accounts.js';
import { ChunkAsks, type ChunkAsksOptions } from './chunk-asks.js';

/** Which limits there are. */
export interface RateLimits {
  readonly hasGatewayLimit: boolean;
  readonly hasUserLimit: boolean;
  /** Servers with a rate limit, whether their own or the common one. */
  readonly limitedServers: ReadonlySet<string>;
}

export interface RateSharesOptions extends RateLimits, ChunkAsksOptions {
  /** Users, keys and grants remembered at once; more are refused until some are idle. Default 200 000. */
  readonly maxCallers?: number;
}

const MAX_CALLERS = 200_000;
// Chosen: 0.2 ms of a sweep. With more callers each is looked at every second sweep, every third, and so on.
const MOST_SWEPT = 5_000;
const NONE: readonly OwnRate[] = [];

export class RateShares {
  readonly #maxCallers: number;
  readonly #send: (event: WorkerEvent) => void;
  readonly #asks: ChunkAsks;
  #gateway: CallRate | null = null;
  #hasUserLimit = false;
  readonly #servers = new Map<string, CallRate>();
  readonly #users = new Map<string, CallRate>();
  /** Of API keys and grants, by `CallRate.key`. */
  readonly #own = new Map<string, CallRate>();
  readonly #usersInTurn = new InTurn(this.#users);
  readonly #ownInTurn = new InTurn(this.#own);
  /** Of limits that are no more, by key: what was lent is still to be told. */
  readonly #former = new Map<string, CallRate>();

  constructor(options: RateSharesOptions) {
    this.#maxCallers = options.maxCallers ?? MAX_CALLERS;
    this.#send = options.send;
    this.#asks = new ChunkAsks(options);
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
   * The limits a call meets, the caller's own first; null when the table of callers is full. `own`:
   * rates of the caller's that replace the common one of users.
   */
  ratesOf(
    user: string,
    server: string,
    nowMs: number,
    own: readonly OwnRate[] = NONE,
  ): readonly CallRate[] | null {
    const rates: CallRate[] = [];
    if (own.length > 0) {
      for (const each of own) {
        const rate = this.#ownRate(each, nowMs);
        if (rate === null) return null;
        rates.push(rate);
      }
    } else if (this.#hasUserLimit) {
      const ofUser = this.#users.get(user) ?? this.#addUser(user);
      if (ofUser === null) return null;
      rates.push(ofUser);
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
      if (waitMs === NEEDS_CHUNK) return this.#asks.spendLater(rates, i, nowMs);
      if (waitMs === 0) continue;
      for (let spent = 0; spent < i; spent += 1) rates[spent]?.share.refund(nowMs);
      return { rate, waitMs };
    }
    for (const rate of rates) {
      if (!rate.share.isLow(nowMs)) continue;
      this.#asks.askAhead(rates, nowMs);
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
    this.#asks.beforeSend(nowMs);
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
        this.#send({ kind: 'report', limit: message.key, report });
        return;
      }
    }
    this.#asks.answered(message.key, nowMs);
  }

  /**
   * To be called every 50 ms: places come back that much late, of one among 200 000 callers up to two
   * seconds. Returns how many callers it forgot.
   */
  sweep(nowMs: number): number {
    this.#asks.sweep(nowMs);
    if (this.#gateway !== null) this.#report(this.#gateway, nowMs);
    for (const rate of this.#servers.values()) this.#report(rate, nowMs);
    let forgotten = 0;
    const forgetIdle = (callers: Map<string, CallRate>, name: string, rate: CallRate): void => {
      this.#report(rate, nowMs);
      if (!rate.share.isIdle(nowMs) || this.#asks.isAsking(rate.key)) return;
      callers.delete(name);
      forgotten += 1;
    };
    this.#usersInTurn.visit(MOST_SWEPT, (name, rate) => {
      forgetIdle(this.#users, name, rate);
    });
    this.#ownInTurn.visit(MOST_SWEPT, (name, rate) => {
      forgetIdle(this.#own, name, rate);
    });
    for (const [name, rate] of this.#former) forgetIdle(this.#former, name, rate);
    return forgotten;
  }

  /** Users, keys and grants with an account now. */
  get callers(): number {
    return this.#users.size + this.#own.size;
  }

  #addUser(user: string): CallRate | null {
    if (this.callers >= this.#maxCallers) return null;
    const rate = newRate('user', user);
    this.#users.set(user, rate);
    return rate;
  }

  #ownRate({ kind, name, perSecond }: OwnRate, nowMs: number): CallRate | null {
    const known = this.#own.get(rateKey(kind, name));
    if (known?.perSecond === perSecond) return known;
    if (known === undefined && this.callers >= this.#maxCallers) return null;
    // A changed rate: the share goes on, so that what is under way is not lost, with nothing in it.
    const rate = newRate(kind, name, perSecond, known?.share);
    if (known !== undefined) {
      const report = known.share.restart(nowMs);
      this.#send({ kind: 'report', limit: known.key, report });
      this.#asks.replace(known.key, rate);
    }
    this.#own.set(rate.key, rate);
    return rate;
  }

  #report({ share, key }: CallRate, nowMs: number): void {
    const report = share.sweep(nowMs);
    if (report !== undefined) this.#send({ kind: 'report', limit: key, report });
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
    if (key.startsWith('server:')) return this.#servers.get(name) ?? this.#former.get(key);
    return this.#own.get(key);
  }
}

const NOTHING_LEFT = { spent: 0, returned: 0, spentAgeMs: 0, answersRecall: true };
