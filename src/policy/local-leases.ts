/**
 * The slots one worker holds: what is in use and what is idle, so that most calls start with no
 * message at all. The other side, and why this is exact, is lease-ledger.ts. Per key two counts; a
 * slot that becomes free stays here as idle, unless the key is brokered (recalled a moment ago):
 * then it goes back at once.
 *
 * Idle slots go back within `idleMs` without a timestamp per slot: the lowest idle count seen
 * between two sweeps is what nobody needed in that time (the low-water mark of TCMalloc's caches).
 * With a sweep every idleMs / 2 each slot is home at most idleMs after it was last of use. Slots of
 * users stay longer: idle ones keep nobody else waiting (the user's own calls elsewhere recall them),
 * and with many users each calls rarely. A sweep looks at a part of them, so that none is long and what
 * goes back goes in small batches.
 *
 * The caller (the worker's shell) keeps the tickets: on a false `take` it sends a ticket with
 * `surrender()`'s answer, and it tells `granted` whether the call is still wanted.
 */
import type { Grant, OwnBudgets, Recall, SlotKind, SlotReturn } from './lease-messages.js';

export interface LocalLeasesOptions {
  /**
   * Most keys of a kind with idle slots; beyond that a free slot goes back at once. Default 20 000.
   */
  readonly maxIdleKeys?: number;
  /** In how many sweeps all users are looked at once. Default 40: their slots stay 5 to 10 s. */
  readonly userSweepEvery?: number;
}

interface Holding {
  /** Of a user: its own limit under which these slots were lent; undefined = the common one. */
  maxPerUser: number | undefined;
  inUse: number;
  idle: number;
  /** Lowest `idle` since the last sweep. */
  lowWater: number;
  brokeredUntilMs: number;
}

export class LocalLeases {
  readonly #maxKeys: number;
  readonly #server = new Map<string, Holding>();
  readonly #user = new Map<string, Holding>();
  #allServersBrokeredUntilMs = -Infinity;
  #returns: SlotReturn[] = [];
  #excessPuts = 0;
  readonly #userSweepEvery: number;
  #sweeps = 0;
  /** The users that are still to be looked at, and how many of them in each sweep. */
  #usersLeft: Iterator<[string, Holding]>;
  #usersPerSweep = 0;

  constructor(options: LocalLeasesOptions = {}) {
    this.#maxKeys = options.maxIdleKeys ?? 20_000;
    this.#userSweepEvery = options.userSweepEvery ?? 40;
    this.#usersLeft = this.#user.entries();
  }

  /**
   * Starts a call from idle slots: true, and the caller owes one `put`; false, and nothing changed.
   * `own`: what is not common of its budgets.
   */
  take(user: string, server: string, own?: OwnBudgets): boolean {
    const ofServer = this.#server.get(server);
    if (ofServer === undefined || ofServer.idle === 0) return false;
    const ofUser = this.#user.get(user);
    if (ofUser === undefined || ofUser.idle === 0) return false;
    // The primary has to hear of a changed limit before anything more is used.
    if (ofUser.maxPerUser !== own?.maxPerUser) return false;
    if (own?.within !== undefined) {
      const second = this.#user.get(own.within.name);
      if (second === undefined || second.idle === 0) return false;
      if (second.maxPerUser !== own.within.limit) return false;
      use(second);
    }
    use(ofServer);
    use(ofUser);
    return true;
  }

  /**
   * After a false `take`: gives up the half that is idle, if any. It goes back with the ticket, as
   * its `surrendered`. Slots lent under another limit of the user all go back.
   */
  surrender(user: string, server: string, own?: OwnBudgets): SlotKind | undefined {
    const within = own?.within;
    if (within !== undefined) {
      this.#returnOutdated(within.name, within.limit);
      // Of three parts two may be idle. These go back by themselves, the server's with the ticket.
      for (const name of [user, within.name]) {
        const held = this.#user.get(name);
        if (held !== undefined) this.#returnIdle('user', name, held, Math.min(1, held.idle));
      }
    }
    this.#returnOutdated(user, own?.maxPerUser);
    if (giveUp(this.#server.get(server))) return 'server';
    return giveUp(this.#user.get(user)) ? 'user' : undefined;
  }

  /**
   * A grant arrived. When still `wanted` the call starts and the caller owes one `put`; else the
   * slots are idle. `own`: as its ticket named it.
   */
  granted(grant: Grant, wanted: boolean, nowMs: number, own?: OwnBudgets): void {
    const { user, server, within, brokered } = grant;
    const untilMs = nowMs + grant.brokerMs;
    const ofServer = holding(this.#server, server);
    if (brokered === 'server' || brokered === 'both') ofServer.brokeredUntilMs = untilMs;
    ofServer.inUse += 1;
    const userUntilMs = brokered === 'user' || brokered === 'both' ? untilMs : -Infinity;
    this.#hold(user, own?.maxPerUser, userUntilMs);
    if (within !== undefined) this.#hold(within, own?.within?.limit, userUntilMs);
    if (!wanted) this.put(user, server, nowMs, within);
  }

  /** A call has ended: exactly once for each true `take` and each wanted grant. */
  put(user: string, server: string, nowMs: number, within?: string): void {
    const ofServer = this.#server.get(server);
    const ofUser = this.#user.get(user);
    if (
      ofServer === undefined ||
      ofUser === undefined ||
      ofServer.inUse === 0 ||
      ofUser.inUse === 0
    ) {
      this.#excessPuts += 1;
      return;
    }
    ofServer.inUse -= 1;
    const serverUntilMs = Math.max(ofServer.brokeredUntilMs, this.#allServersBrokeredUntilMs);
    if (nowMs < serverUntilMs || this.#server.size > this.#maxKeys)
      this.#return('server', server, 1);
    else ofServer.idle += 1;
    this.#putUser(user, ofUser, nowMs);
    if (within === undefined) return;
    const second = this.#user.get(within);
    if (second === undefined || second.inUse === 0) this.#excessPuts += 1;
    else this.#putUser(within, second, nowMs);
  }

  /** Returns what is idle and remembers to return what becomes free. */
  recall(recall: Recall, nowMs: number): void {
    const untilMs = nowMs + recall.brokerMs;
    if (recall.scope === 'total') {
      this.#allServersBrokeredUntilMs = untilMs;
      for (const [server, held] of this.#server)
        this.#returnIdle('server', server, held, held.idle);
      return;
    }
    const held = (recall.scope === 'server' ? this.#server : this.#user).get(recall.key);
    if (held === undefined) return;
    held.brokeredUntilMs = untilMs;
    this.#returnIdle(recall.scope, recall.key, held, held.idle);
  }

  /**
   * Returns what was idle since the sweep before, and forgets keys. To be called every idleMs / 2
   * (125 ms).
   */
  sweep(nowMs: number): void {
    for (const entry of this.#server) this.#sweepKey('server', entry, nowMs);
    if (this.#sweeps % this.#userSweepEvery === 0) {
      this.#usersLeft = this.#user.entries();
      this.#usersPerSweep = Math.ceil(this.#user.size / this.#userSweepEvery);
    }
    this.#sweeps += 1;
    for (let swept = 0; swept < this.#usersPerSweep; swept += 1) {
      const next = this.#usersLeft.next();
      if (next.done === true) return;
      this.#sweepKey('user', next.value, nowMs);
    }
  }

  /** Returns everything idle, for a worker that drains. */
  returnAllIdle(): void {
    for (const [server, held] of this.#server) this.#returnIdle('server', server, held, held.idle);
    for (const [user, held] of this.#user) this.#returnIdle('user', user, held, held.idle);
  }

  /**
   * Takes out the returns to be sent. Send them in one batch with the tick's tickets, returns first
   * or last: each
   * slot is counted by the primary until its return arrives.
   */
  drainReturns(): readonly SlotReturn[] {
    const returns = this.#returns;
    if (returns.length === 0) return returns;
    this.#returns = [];
    return returns;
  }

  inUse(kind: SlotKind, key: string): number {
    return (kind === 'server' ? this.#server : this.#user).get(key)?.inUse ?? 0;
  }

  idle(kind: SlotKind, key: string): number {
    return (kind === 'server' ? this.#server : this.#user).get(key)?.idle ?? 0;
  }

  /** Keys known, of both kinds. */
  get size(): number {
    return this.#server.size + this.#user.size;
  }

  /** Calls put back twice, ignored: 0 unless the caller is broken. */
  get excessPuts(): number {
    return this.#excessPuts;
  }

  #returnOutdated(user: string, maxPerUser: number | undefined): void {
    const held = this.#user.get(user);
    if (held === undefined || held.maxPerUser === maxPerUser) return;
    held.maxPerUser = maxPerUser;
    this.#returnIdle('user', user, held, held.idle);
  }

  #hold(user: string, maxPerUser: number | undefined, brokeredUntilMs: number): void {
    const isNew = !this.#user.has(user);
    const held = holding(this.#user, user);
    if (isNew) held.maxPerUser = maxPerUser;
    if (brokeredUntilMs > held.brokeredUntilMs) held.brokeredUntilMs = brokeredUntilMs;
    held.inUse += 1;
  }

  #putUser(user: string, held: Holding, nowMs: number): void {
    held.inUse -= 1;
    if (nowMs < held.brokeredUntilMs || this.#user.size > this.#maxKeys)
      this.#return('user', user, 1);
    else held.idle += 1;
  }

  #sweepKey(kind: SlotKind, [key, held]: [string, Holding], nowMs: number): void {
    if (held.lowWater > 0) this.#returnIdle(kind, key, held, held.lowWater);
    held.lowWater = held.idle;
    if (held.inUse > 0 || held.idle > 0 || nowMs < held.brokeredUntilMs) return;
    (kind === 'server' ? this.#server : this.#user).delete(key);
  }

  #returnIdle(kind: SlotKind, key: string, held: Holding, count: number): void {
    if (count === 0) return;
    held.idle -= count;
    held.lowWater = Math.min(held.lowWater, held.idle);
    this.#return(kind, key, count);
  }

  #return(kind: SlotKind, key: string, count: number): void {
    this.#returns.push({ kind, key, count });
  }
}

function use(held: Holding): void {
  held.idle -= 1;
  held.inUse += 1;
  if (held.idle < held.lowWater) held.lowWater = held.idle;
}

function giveUp(held: Holding | undefined): boolean {
  if (held === undefined || held.idle === 0) return false;
  held.idle -= 1;
  if (held.idle < held.lowWater) held.lowWater = held.idle;
  return true;
}

function holding(holdings: Map<string, Holding>, key: string): Holding {
  let held = holdings.get(key);
  if (held === undefined) {
    held = { maxPerUser: undefined, inUse: 0, idle: 0, lowWater: 0, brokeredUntilMs: -Infinity };
    holdings.set(key, held);
  }
  return held;
}
