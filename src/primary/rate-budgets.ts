/**
 * The rate limits of the configuration as budgets that workers lease from: the gateway's token
 * bucket, each user's window, each server's window or its own bucket; and the windows of API keys and
 * grants with a rate of their own, which workers tell with each ask. All of them shrink and grow with one
 * factor, the adaptive scale; and each is only this machine's share of it where several machines serve.
 */
import type { Config } from '../../config/config.js';
import { parseRateKey, type RateKind, type WorkerEvent } from '../ipc/admission-messages.js';
import type { ChunkMessage, ChunkReport } from '../policy/lease-budget.js';
import { LeaseBudgets } from '../policy/lease-budgets.js';
import type { Incarnation } from '../policy/lease-messages.js';
import {
  accountOfRate,
  accountRate,
  GATEWAY_RATE,
  partOf,
  serverRate,
  shareOf,
  USER_RATES,
  type LimitShares,
} from '../policy/limit-shares.js';
import type { RateWants } from '../policy/rate-wants.js';
import { SlidingWindow } from '../policy/sliding-window.js';
import { TokenBucket } from '../policy/token-bucket.js';

/** Limits that constrain someone at once; beyond it a new caller is refused. */
const MAX_KEYS = 200_000;
const WINDOW_MS = 1000;
/** More than anybody asks for. */
const NO_LIMIT = 1_000_000_000;
const RATE_KINDS: readonly RateKind[] = ['gateway', 'user', 'key', 'grant', 'server'];

type Limit = TokenBucket | SlidingWindow;

/** A rate as the configuration has it; null = no limit of that kind. */
type Rate =
  | { readonly kind: 'window'; readonly perSecond: number }
  | { readonly kind: 'bucket'; readonly size: number; readonly perSecond: number };

export class RateBudgets {
  #config: Pick<Config, 'rate' | 'servers'>;
  readonly #budgets: LeaseBudgets<Limit>;
  /** Rates of API keys and grants, as told last; of those that have a budget now. */
  readonly #ownRates = new Map<string, number>();
  #scale = 1;
  #shares: LimitShares = null;
  /** Who counts what is spent, while machines divide the limits. */
  #wants: RateWants | null = null;

  constructor(config: Pick<Config, 'rate' | 'servers'>, maxKeys = MAX_KEYS) {
    this.#config = config;
    this.#budgets = new LeaseBudgets<Limit>({
      maxKeys,
      createLimit: (key, nowMs) => this.#create(key, nowMs),
      onForgotten: (key) => {
        this.#ownRates.delete(key);
      },
    });
  }

  drain(nowMs: number): readonly ChunkMessage[] {
    const messages = this.#budgets.drain();
    if (this.#wants !== null) for (const message of messages) this.#countLent(message, nowMs);
    return messages;
  }

  ask(from: Incarnation, event: Extract<WorkerEvent, { kind: 'ask' }>, nowMs: number): void {
    const { limit, request, perSecond } = event;
    if (perSecond !== undefined) this.#learnOwnRate(limit, perSecond);
    this.#budgets.ask(from, limit, request, nowMs);
    // Where the table has no room.
    if (this.#budgets.limitOf(limit) === undefined) this.#ownRates.delete(limit);
  }

  report(from: Incarnation, key: string, report: ChunkReport, nowMs: number): void {
    this.#budgets.report(from, key, report, nowMs);
    if (report.returned === 0) return;
    if (isOfFew(key)) this.#wants?.moved(key, -report.returned, nowMs);
    else this.#wants?.accountMoved(key, -report.returned, nowMs);
  }

  workerExited(incarnation: Incarnation, nowMs: number): void {
    this.#budgets.workerExited(incarnation, nowMs);
  }

  tick(nowMs: number): void {
    this.#budgets.tick(nowMs);
  }

  /** Forgets limits that constrain nobody. Returns how many. */
  sweep(nowMs: number): number {
    return this.#budgets.sweep(nowMs);
  }

  setScale(scale: number, nowMs: number): void {
    this.#scale = scale;
    this.#applyRates(nowMs);
  }

  /** Other rates from now on; what was spent and lent under the former ones counts on. */
  configure(config: Pick<Config, 'rate' | 'servers'>, nowMs: number): void {
    this.#config = config;
    this.#applyRates(nowMs);
  }

  /**
   * Other shares of the limits from now on, and where to count what they are used for. What is
   * raised gains no tokens by it, they come with time; what is lowered comes back from the workers at once. So all
   * machines together spend what one alone could.
   */
  setShares(shares: LimitShares, wants: RateWants | null, nowMs: number): void {
    const areUsersSame = partOf(shares, USER_RATES) === partOf(this.#shares, USER_RATES);
    const keys = this.#keysOfFew();
    const accounts = [...accountsIn(this.#shares), ...accountsIn(shares)];
    for (const key of keys) {
      // A bucket that is made later would be full at once.
      if (this.#rate(key)?.kind === 'bucket') this.#budgets.ensure(key, nowMs);
    }
    this.#shares = shares;
    this.#wants = wants;
    wants?.retain(new Set(keys));
    if (areUsersSame) for (const key of [...keys, ...accounts]) this.#applyTo(key, nowMs);
    else this.#applyRates(nowMs);
  }

  /** What is lent to workers, by kind of limit: all kinds, 0 where nothing is. */
  lentByKind(): ReadonlyMap<RateKind, number> {
    const lent = new Map<RateKind, number>(RATE_KINDS.map((kind) => [kind, 0]));
    for (const [key, count] of this.#budgets.lent()) {
      const kind = parseRateKey(key)?.kind;
      if (kind !== undefined) lent.set(kind, (lent.get(kind) ?? 0) + count);
    }
    return lent;
  }

  /** Callers and servers with an account now. */
  get size(): number {
    return this.#budgets.size;
  }

  /** What may pass a second at the present scale; null = no limit of that kind. */
  effective(): {
    readonly gatewayPerSecond: number | null;
    readonly userPerSecond: number | null;
    readonly serverPerSecond: Readonly<Record<string, number>>;
  } {
    const perSecond = (key: string): number | null => {
      const rate = this.#rate(key);
      if (rate === null) return null;
      return rate.kind === 'window'
        ? scaled(rate.perSecond, this.#scale)
        : rate.perSecond * this.#scale;
    };
    const servers: Record<string, number> = {};
    for (const { name, enabled } of Object.values(this.#config.servers)) {
      const ofServer = perSecond(`server:${name}`);
      if (enabled && ofServer !== null) servers[name] = ofServer;
    }
    return {
      gatewayPerSecond: perSecond('gateway'),
      userPerSecond: perSecond('user:'),
      serverPerSecond: servers,
    };
  }

  #learnOwnRate(key: string, perSecond: number): void {
    if (this.#ownRates.get(key) === perSecond) return;
    const kind = parseRateKey(key)?.kind;
    if (kind !== 'key' && kind !== 'grant') return;
    this.#ownRates.set(key, perSecond);
    const limit = this.#budgets.limitOf(key);
    const rate = this.#rate(key);
    if (limit instanceof SlidingWindow && rate !== null) {
      limit.setLimit(scaled(rate.perSecond, this.#scale));
    }
  }

  #applyRates(nowMs: number): void {
    for (const [key] of this.#budgets.limits()) this.#applyTo(key, nowMs);
  }

  #applyTo(key: string, nowMs: number): void {
    const limit = this.#budgets.limitOf(key);
    const rate = this.#rate(key);
    // No limit any more: workers stop asking, and the clean-up forgets it.
    if (limit === undefined || rate === null) return;
    if (limit instanceof SlidingWindow && rate.kind === 'window') {
      const former = limit.limit;
      limit.setLimit(scaled(rate.perSecond, this.#scale));
      if (this.#shares !== null && limit.limit < former) this.#budgets.recallExcess(key, nowMs);
    } else if (limit instanceof TokenBucket && rate.kind === 'bucket') {
      limit.setRate(nowMs, this.#bucketOptions(rate));
    } else this.#budgets.replaceLimit(key, this.#create(key, nowMs), nowMs);
  }

  /** The gateway's and the servers': a few, unlike those of users. */
  #keysOfFew(): readonly string[] {
    return ['gateway', ...Object.keys(this.#config.servers).map((name) => `server:${name}`)];
  }

  #countLent(message: ChunkMessage, nowMs: number): void {
    const { key, kind } = message;
    if (kind === 'chunk-recall') return;
    if (isOfFew(key)) {
      if (kind === 'chunk' && message.count > 0) this.#wants?.moved(key, message.count, nowMs);
      if (message.waitMs > 0) this.#wants?.denied(key, message.waitMs, nowMs);
      return;
    }
    // Of the many accounts only those that were short: what they spend counts from then on.
    if (kind === 'chunk' && message.count > 0) this.#wants?.accountMoved(key, message.count, nowMs);
    if (message.waitMs > 0) this.#wants?.accountDenied(key, this.#wholePerSecond(key), nowMs);
  }

  #wholePerSecond(key: string): number {
    return this.#wholeRate(key)?.perSecond ?? 1;
  }

  #create(key: string, nowMs: number): Limit {
    const rate = this.#rate(key);
    if (rate === null) {
      return new SlidingWindow({ limit: isConfigured(key) ? NO_LIMIT : 0, windowMs: WINDOW_MS });
    }
    if (rate.kind === 'bucket') return new TokenBucket(this.#bucketOptions(rate), nowMs);
    return new SlidingWindow({ limit: scaled(rate.perSecond, this.#scale), windowMs: WINDOW_MS });
  }

  #bucketOptions(rate: Rate): { readonly capacity: number; readonly refillPerSecond: number } {
    const size = rate.kind === 'bucket' ? rate.size : rate.perSecond;
    return {
      capacity: scaled(size, this.#scale),
      refillPerSecond: rate.perSecond * this.#scale,
    };
  }

  /** This machine's share of it. */
  #rate(key: string): Rate | null {
    const whole = this.#wholeRate(key);
    if (whole === null || this.#shares === null) return whole;
    const part = partOf(this.#shares, shareKeyOf(key));
    if (whole.kind === 'window') {
      return { kind: 'window', perSecond: shareOf(whole.perSecond, part) };
    }
    // As with the others one call, and never none: a bucket that does not refill would stay empty.
    const least = Math.max(part, 1 / Math.max(1, whole.size));
    return { kind: 'bucket', size: shareOf(whole.size, part), perSecond: whole.perSecond * least };
  }

  #wholeRate(key: string): Rate | null {
    const parsed = parseRateKey(key);
    const { gatewayTokensPerSecond, perUserPerSecond, perServerPerSecond } = this.#config.rate;
    switch (parsed?.kind) {
      case 'gateway':
        return bucket(gatewayTokensPerSecond, gatewayTokensPerSecond);
      case 'user':
        return window(perUserPerSecond);
      case 'key':
      case 'grant':
        return window(this.#ownRates.get(key) ?? null);
      case 'server': {
        const own = Object.hasOwn(this.#config.servers, parsed.name)
          ? this.#config.servers[parsed.name]?.rateLimit
          : null;
        return own == null
          ? window(perServerPerSecond)
          : bucket(own.burstSize, own.requestsPerMinute / 60);
      }
      case undefined:
        return null;
    }
  }
}

function isOfFew(key: string): boolean {
  return key === 'gateway' || key.startsWith('server:');
}

/** Its rate is the configuration's, so none there means no limit: who asks has not heard yet that it was taken off. */
function isConfigured(key: string): boolean {
  return isOfFew(key) || key.startsWith('user:');
}

function shareKeyOf(key: string): string {
  if (key === 'gateway') return GATEWAY_RATE;
  return key.startsWith('server:') ? serverRate(key.slice('server:'.length)) : accountRate(key);
}

/** Rate keys of the accounts that have a part of their own. */
function accountsIn(shares: LimitShares): readonly string[] {
  const accounts: string[] = [];
  for (const key of shares?.keys() ?? []) {
    const account = accountOfRate(key);
    if (account !== null) accounts.push(account);
  }
  return accounts;
}

function window(perSecond: number | null): Rate | null {
  return perSecond === null ? null : { kind: 'window', perSecond };
}

function bucket(size: number | null, perSecond: number | null): Rate | null {
  return size === null || perSecond === null ? null : { kind: 'bucket', size, perSecond };
}

/** Whole, and never 0: some calls must pass, or nothing tells when the load is over. */
function scaled(limit: number, scale: number): number {
  return Math.max(1, Math.floor(limit * scale));
}
