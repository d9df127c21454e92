/**
 * The exact ledger of the gateway's budgets, kept by the primary: never more than `maxTotal`
 * exchanges in flight, nor `maxPerUser` of one user, nor a server's own limit on one server, over
 * all workers, at every instant.
 *
 * WHAT IS LEASED. Two kinds of slot, held by workers as plain counts (slots of a kind are alike and
 * have no ids):
 *   server slot of s   one of s's budget and, with it, one of the total budget
 *   user slot of u     one of u's budget, on whatever server
 * An exchange of u with s needs one of each, so it starts from any idle pair a worker holds: a
 * server slot left by another user, a user slot left by a call to another server. Where two limits
 * of callers hold at once (an API key's own and its user's on this server), the call counts on a
 * second account as well: it needs a user slot of that too, under the same rules.
 *
 * WHY THE LIMITS HOLD. The ledger counts a slot from the moment it sends it until the holder has
 * returned it or the holder's process has exited (not disconnected: its sockets may still be open
 * then). A worker uses only what has arrived and not been given back. Hence, in every interleaving
 * of messages,
 *   in use <= held by workers + under way on the channels = out (the ledger's count) <= limit.
 * A message that is lost with its worker, or comes late from one that is gone, can only leave `out`
 * too high, and the exit corrects it. Nothing here depends on clocks, on IPC being quick, or on
 * order between channels.
 *
 * THE PROTOCOL, over one first-in-first-out channel each way per worker:
 *   ticket    W→P  a call lacks a slot. A half that the worker has idle goes back with the
 *                  ticket, so that no slot is set aside for a call that still has to wait.
 *   grant     P→W  all slots of the call, always together: nobody waits while holding one.
 *   refusal   P→W  it will not be. A ticket gets exactly one grant or refusal, unless it is
 *                  cancelled while waiting.
 *   cancel    W→P  the client left. A grant already under way becomes idle slots on arrival.
 *   returned  W→P  slots idle for too long, or recalled.
 *   close-idle P→W slots given back are wanted elsewhere; their connections must go.
 *   idle-closed W→P they are gone. The grants that wait for it are sent now, so that all workers
 *                  together never have more connections than slots, to a server or in total.
 *   idle-gone   W→P  a connection of a slot given back is gone by itself.
 *   recall    P→W  someone waits for these. The worker returns what is idle at once and, for
 *                  `brokerMs`, whatever becomes free: meanwhile the key is brokered, and every
 *                  call goes through the queue here.
 * A recall is soft state. While waiters are blocked on a key it is repeated every brokerMs / 2, and
 * a grant of a brokered key says so, hence every holder of a contended key keeps returning it and
 * no busy worker can pass a slot from call to call past those who wait. A lost or late recall
 * delays and never wedges: idle slots go back by themselves.
 *
 * WHO IS SERVED. After every event the ledger serves until nobody can be: servers in turn (they
 * share a scarce total), inside a server users in turn (fair-queue.ts). Those who wait in a worker that
 * has a connection for the slot are preferred a little; lent to another one, it costs a new connection
 * there, the old one here and the time to close it (warm-slots.ts). A user at its own limit is parked in
 * every queue and holds up nobody. As no waiter that could run is ever left waiting, a newcomer that
 * finds all three budgets free overtakes nobody.
 */
import { FairQueue, type FairQueueOptions } from './fair-queue.js';
import {
  newServerBook,
  newWorkerBook,
  usedUpBudget,
  type ServerBook,
  type Ticket,
  type UserBook,
  type WorkerBook,
} from './lease-books.js';
import type {
  Incarnation,
  LedgerMessage,
  RefusalReason,
  SlotKind,
  SlotReturn,
  TicketRequest,
} from './lease-messages.js';
import { LeaseRecalls } from './lease-recalls.js';
import { OwedGoodbyes } from './owed-goodbyes.js';
import { ShedEarly, type ShedEarlyOptions } from './shed-early.js';
import { UserBooks, type UserLimits, type UserUse } from './user-books.js';
import { WarmSlots, type WarmSlot } from './warm-slots.js';

export interface LeaseLedgerOptions extends UserLimits {
  /** Exchanges in flight over everything. */
  readonly maxTotal: number;
  /** Tickets waiting over everything. */
  readonly maxQueued: number;
  /** Tickets waiting of one user, over all servers. */
  readonly maxQueuedPerUser: number;
  /** Longest wait of a ticket, from its arrival. */
  readonly queueTimeoutMs: number;
  /**
   * How long a recalled key stays brokered. Default 1 000: two recalls a second for each contended
   * key.
   */
  readonly brokerMs?: number;
  /**
   * When given, waiters of a queue that does not drain are refused early (`shed`). Default: only
   * queueTimeoutMs.
   */
  readonly shedEarly?: ShedEarlyOptions;
  /** Whether workers keep a connection of this server open for each slot. Default: of every server. */
  readonly keepsConnections?: (server: string) => boolean;
}

export interface LedgerSnapshot {
  readonly total: { readonly out: number; readonly limit: number };
  readonly queued: number;
  /** Users with a slot out or a ticket waiting. */
  readonly users: number;
  readonly servers: readonly {
    readonly server: string;
    readonly out: number;
    readonly limit: number;
    readonly queued: number;
  }[];
  /** Slots returned that were not out: 0 unless a worker is broken. */
  readonly excessReturns: number;
}

/** What happens when a connection is closed. */
interface Goodbye {
  /** It may open one in its worker now; null: nobody does. */
  readonly ticket: Ticket | null;
  /** Whose slot the connection was, where that is not the ticket's own server. */
  readonly held: ServerBook | undefined;
}

export class LeaseLedger {
  #options: LeaseLedgerOptions;
  readonly #recalls: LeaseRecalls;
  #maxTotal: number;
  #totalOut = 0;
  #queued = 0;
  #excessReturns = 0;
  readonly #servers = new Map<string, ServerBook>();
  readonly #users: UserBooks;
  readonly #workers = new Map<Incarnation, WorkerBook>();
  readonly #warm = new WarmSlots();
  readonly #goodbyes = new OwedGoodbyes<Goodbye>();
  /** Servers that may have someone to serve, whose turn is first. */
  readonly #ring: ServerBook[] = [];
  #outbox: LedgerMessage[] = [];

  constructor(options: LeaseLedgerOptions) {
    this.#options = options;
    this.#maxTotal = options.maxTotal;
    this.#users = new UserBooks(options);
    this.#recalls = new LeaseRecalls(options.brokerMs ?? 1000, this.#workers, (recall) =>
      this.#outbox.push(recall),
    );
  }

  /** Takes out what is to be sent, oldest first; to be called after each batch of events. */
  drain(): readonly LedgerMessage[] {
    const messages = this.#outbox;
    this.#outbox = [];
    return messages;
  }

  /** Adds a server, re-opens it, or changes its limit. Above a lowered limit nothing is granted. */
  setServer(name: string, limit: number, nowMs: number): void {
    const server = this.#servers.get(name) ?? this.#addServer(name, nowMs);
    server.limit = limit;
    server.closed = false;
    if (server.out > limit) this.#recalls.server(server, nowMs);
    this.#trimWarm(server);
    this.#enterRing(server);
    this.#serve(nowMs);
  }

  /**
   * Refuses everyone who waits for the server and every later ticket; what is in flight may end.
   */
  closeServer(name: string, nowMs: number): void {
    const server = this.#servers.get(name);
    if (server === undefined) return;
    server.closed = true;
    this.refuseWaiting(name, 'server-closed');
    if (server.out > 0) this.#recalls.server(server, nowMs);
    else this.#servers.delete(name);
  }

  /** Refuses everyone who waits for the server now. */
  refuseWaiting(name: string, reason: RefusalReason): void {
    const server = this.#servers.get(name);
    for (let waiter = server?.queue.removeOldest(); waiter; waiter = server?.queue.removeOldest()) {
      this.#refuse(waiter.item, reason);
    }
  }

  /**
   * Other budgets and bounds from now on (`brokerMs` stays). Above a lowered budget nothing is granted and
   * what is idle is recalled; exchanges in flight end by themselves.
   */
  configure(options: LeaseLedgerOptions, nowMs: number): void {
    this.#options = options;
    this.#maxTotal = options.maxTotal;
    for (const server of this.#servers.values()) {
      server.queue.configure(queueOptions(options));
      if (options.shedEarly !== undefined) server.shedEarly?.configure(options.shedEarly);
      this.#trimWarm(server);
    }
    if (this.#totalOut > options.maxTotal) this.#recalls.total(nowMs);
    this.#users.configure(options);
    for (const user of this.#users.all()) this.#setUserLimit(user, user.ownLimit, nowMs);
    this.#serve(nowMs);
  }

  /** Tells early shedding how long the server's calls take. */
  setServiceTime(name: string, usualMs: number): void {
    this.#servers.get(name)?.shedEarly?.setServiceTime(usualMs);
  }

  /** From now on messages of this incarnation count. */
  workerStarted(incarnation: Incarnation): void {
    this.#workers.set(incarnation, newWorkerBook(incarnation));
  }

  /**
   * The process is gone, as its `exit` event tells: all it held comes back, and what it still says
   * is ignored.
   */
  workerExited(incarnation: Incarnation, nowMs: number): void {
    const worker = this.#workers.get(incarnation);
    if (worker === undefined) return;
    this.#workers.delete(incarnation);
    for (const waiter of worker.waiting.values()) {
      waiter.item.server.queue.remove(waiter);
      this.#forgetTicket(waiter.item);
    }
    for (const [server, count] of worker.server) this.#takeBack(worker, 'server', server, count);
    for (const [user, count] of worker.user) this.#takeBack(worker, 'user', user, count);
    this.#warm.forget(incarnation);
    this.#saidGoodbye(this.#goodbyes.exited(incarnation), nowMs);
  }

  /**
   * A worker asks for both slots of a call. The answer, now or later, is a grant or a refusal in
   * the outbox.
   */
  ticket(from: Incarnation, request: TicketRequest, nowMs: number): void {
    const worker = this.#workers.get(from);
    if (worker === undefined) return;
    if (request.surrendered !== undefined) {
      const key = request.surrendered === 'server' ? request.server : request.user;
      this.#takeBack(worker, request.surrendered, key, 1);
      this.#serve(nowMs);
    }
    const server = this.#servers.get(request.server);
    if (server === undefined || server.closed) {
      const reason = server === undefined ? 'server-unknown' : 'server-closed';
      this.#outbox.push({ kind: 'refusal', to: from, ticket: request.ticket, reason });
      return;
    }
    const user = this.#users.open(request.user);
    const within = request.within === undefined ? null : this.#users.open(request.within.name);
    const ticket = { id: request.ticket, worker, server, user, within };
    // Counted as waiting, so that nobody forgets them while the changed limits serve others.
    this.#users.countQueued(ticket, 1);
    this.#setUserLimit(user, request.maxPerUser ?? null, nowMs);
    if (within !== null && request.within !== undefined) {
      this.#setUserLimit(within, request.within.limit, nowMs);
    }
    this.#users.countQueued(ticket, -1);
    if (this.#isFree(ticket)) this.#grant(ticket, nowMs);
    else this.#enqueue(ticket, nowMs);
  }

  /**
   * The call is no longer wanted. Too late when it was granted: then the worker keeps or returns
   * the slots.
   */
  cancel(from: Incarnation, ticketId: number): void {
    const waiter = this.#workers.get(from)?.waiting.get(ticketId);
    if (waiter === undefined) return;
    waiter.item.server.queue.remove(waiter);
    this.#forgetTicket(waiter.item);
  }

  /** A worker gives slots back. More than it holds is not believed, and counted. */
  returned(from: Incarnation, { kind, key, count }: SlotReturn, nowMs: number): void {
    const worker = this.#workers.get(from);
    if (worker === undefined) return;
    this.#takeBack(worker, kind, key, count);
    this.#serve(nowMs);
  }

  /** A worker has closed connections as it was told. */
  idleClosed(from: Incarnation, count: number, nowMs: number): void {
    this.#saidGoodbye(this.#goodbyes.closed(from, count), nowMs);
  }

  /**
   * A connection of the worker is gone by itself. It is one that a free slot left, or that of a slot on its
   * way home: then it is counted until the slot is used again, which errs on the safe side.
   */
  idleGone(from: Incarnation, server: string): void {
    this.#warm.take(server, from);
  }

  /** Refuses whose time is up and repeats recalls. To be called at least every brokerMs / 4. */
  tick(nowMs: number): void {
    for (const server of this.#servers.values()) {
      if (server.queue.length === 0) continue;
      this.#expire(server, nowMs);
      if (server.queue.turn === undefined) server.shedEarly?.sawEmpty(nowMs);
      if (server.queue.turn !== undefined && server.out >= server.limit) {
        this.#recalls.server(server, nowMs);
      }
    }
    for (const user of this.#users.short()) this.#recalls.user(user, nowMs);
    this.#serve(nowMs);
  }

  /** Slots out of one server or user: never above its limit, unless that was lowered. */
  out(kind: SlotKind, key: string): number {
    return (kind === 'server' ? this.#servers : this.#users).get(key)?.out ?? 0;
  }

  get users(): UserUse {
    return this.#users;
  }

  snapshot(): LedgerSnapshot {
    return {
      total: { out: this.#totalOut, limit: this.#maxTotal },
      queued: this.#queued,
      users: this.#users.size,
      servers: Array.from(this.#servers.values(), ({ name, out, limit, queue }) => ({
        server: name,
        out,
        limit,
        queued: queue.length,
      })),
      excessReturns: this.#excessReturns,
    };
  }

  #isFree(ticket: Ticket): boolean {
    const { server } = ticket;
    return (
      this.#totalOut < this.#maxTotal && server.out < server.limit && usedUpBudget(ticket) === null
    );
  }

  #enqueue(ticket: Ticket, nowMs: number): void {
    const { server, user } = ticket;
    server.shedEarly?.arrived(nowMs);
    // Parked users wait for themselves, not for the server.
    if (server.queue.turn === undefined) server.shedEarly?.sawEmpty(nowMs);
    const waiter = this.#boundReached(ticket) ?? server.queue.join(user.name, ticket, nowMs);
    if (typeof waiter === 'string') {
      this.#answerRefused(ticket, waiter);
      return;
    }
    this.#queued += 1;
    this.#users.countQueued(ticket, 1);
    ticket.worker.waiting.set(ticket.id, waiter);
    this.#enterRing(server);
    this.#serve(nowMs);
  }

  /** The queue bounds that span servers; a server's own queue has the same ones for itself. */
  #boundReached(ticket: Ticket): RefusalReason | undefined {
    if (ticket.user.queued >= this.#options.maxQueuedPerUser) return 'user-queue-full';
    if (this.#queued < this.#options.maxQueued) return undefined;
    return usedUpBudget(ticket) === null ? 'queue-full' : 'user-busy';
  }

  /**
   * Grants until nobody who waits can run. Each round grants, parks a user, or drops a server from
   * the ring.
   */
  #serve(nowMs: number): void {
    for (let server = this.#ring[0]; server !== undefined; server = this.#ring[0]) {
      this.#expire(server, nowMs);
      const { name } = server;
      const next = server.queue.next(nowMs, ({ worker }) =>
        this.#warm.has(name, worker.incarnation),
      );
      if (next === undefined) {
        this.#leaveRing(server);
        continue;
      }
      if (server.out >= server.limit) {
        this.#leaveRing(server);
        this.#recalls.server(server, nowMs);
        continue;
      }
      const ticket = next.item;
      const usedUp = usedUpBudget(ticket);
      if (usedUp !== null) {
        this.#users.park(ticket, usedUp);
        this.#recalls.user(usedUp, nowMs);
        continue;
      }
      if (this.#totalOut >= this.#maxTotal) {
        this.#recalls.total(nowMs);
        return;
      }
      server.queue.serve(next);
      server.shedEarly?.served(nowMs);
      this.#grant(ticket, nowMs);
      this.#forgetTicket(ticket);
      this.#leaveRing(server);
      this.#enterRing(server);
    }
  }

  #grant(ticket: Ticket, nowMs: number): void {
    const { worker, server, user, within } = ticket;
    const from = this.#lendConnection(server, worker.incarnation);
    server.out += 1;
    this.#totalOut += 1;
    lendUserSlot(worker, user);
    if (within !== null) lendUserSlot(worker, within);
    if (from === undefined) this.#sendGrant(ticket, nowMs);
    else this.#closeIdle(from, ticket);
  }

  /** Returns whose connection has to be closed before the worker may open one for the slot, if there is one. */
  #lendConnection({ name, out, limit }: ServerBook, worker: Incarnation): WarmSlot | undefined {
    if (this.#warm.take(name, worker)) return undefined;
    if (out + this.#warm.sizeOf(name) >= limit) return this.#warm.drop(name);
    if (this.#totalOut + this.#warm.size >= this.#maxTotal) return this.#warm.drop();
    return undefined;
  }

  /** Its slots are counted already, and the connection that may be opened for it is nowhere else. */
  #sendGrant(ticket: Ticket, nowMs: number): void {
    const { worker, server, user, within } = ticket;
    if (!this.#workers.has(worker.incarnation)) {
      // It ended while another closed the connection for it; its users' slots came back with its exit.
      this.#freeServer(server, 1);
      return;
    }
    worker.server.set(server.name, (worker.server.get(server.name) ?? 0) + 1);
    this.#outbox.push({
      kind: 'grant',
      to: worker.incarnation,
      ticket: ticket.id,
      user: user.name,
      server: server.name,
      within: within?.name,
      brokered: this.#recalls.brokered(ticket, nowMs),
      brokerMs: this.#recalls.brokerMs,
    });
  }

  /** After a limit was lowered: its slots are gone, and so must their connections be. */
  #trimWarm({ name, out, limit }: ServerBook): void {
    this.#dropWarm(Math.min(this.#warm.sizeOf(name), out + this.#warm.sizeOf(name) - limit), name);
    this.#dropWarm(Math.min(this.#warm.size, this.#totalOut + this.#warm.size - this.#maxTotal));
  }

  #dropWarm(count: number, server?: string): void {
    for (let left = count; left > 0; left -= 1) {
      const dropped = this.#warm.drop(server);
      if (dropped !== undefined) this.#closeIdle(dropped, null);
    }
  }

  /** A ticket of another server: until the connection is closed, its own server's slot is in use. */
  #closeIdle({ server: name, worker }: WarmSlot, ticket: Ticket | null): void {
    const server = this.#servers.get(name);
    const held = ticket === null || ticket.server === server ? undefined : server;
    if (held !== undefined) held.out += 1;
    this.#goodbyes.asked(worker, { ticket, held });
    this.#outbox.push({ kind: 'close-idle', to: worker, server: name, count: 1 });
  }

  #saidGoodbye(goodbyes: readonly Goodbye[], nowMs: number): void {
    for (const { ticket, held } of goodbyes) {
      if (held !== undefined) this.#serverSlotIsFree(held, 1);
      if (ticket !== null) this.#sendGrant(ticket, nowMs);
    }
    this.#serve(nowMs);
  }

  #takeBack(worker: WorkerBook, kind: SlotKind, key: string, count: number): void {
    const held = worker[kind].get(key) ?? 0;
    const taken = Math.min(count, held);
    this.#excessReturns += count - taken;
    if (taken === held) worker[kind].delete(key);
    else worker[kind].set(key, held - taken);
    if (taken === 0) return;
    if (kind === 'user') {
      this.#freeUser(key, taken);
      return;
    }
    const server = this.#servers.get(key);
    if (server === undefined) return;
    if (this.#options.keepsConnections?.(key) ?? true) {
      this.#warm.returned(key, worker.incarnation, taken);
    }
    this.#freeServer(server, taken);
  }

  #freeServer(server: ServerBook, count: number): void {
    this.#totalOut -= count;
    this.#serverSlotIsFree(server, count);
  }

  #serverSlotIsFree(server: ServerBook, count: number): void {
    server.out -= count;
    this.#trimWarm(server);
    if (server.closed && server.out === 0) this.#servers.delete(server.name);
    else this.#enterRing(server);
  }

  #freeUser(name: string, count: number): void {
    const user = this.#users.get(name);
    if (user === undefined) return;
    user.out -= count;
    this.#unparkIfFree(user);
    this.#users.forgetIfUnused(user);
  }

  /** Above a lowered limit nothing is granted until enough has come back. `own` null: the common one holds. */
  #setUserLimit(user: UserBook, own: number | null, nowMs: number): void {
    if (!this.#users.setOwnLimit(user, own)) return;
    if (user.out > user.limit) this.#recalls.user(user, nowMs);
    this.#unparkIfFree(user);
    this.#serve(nowMs);
  }

  #unparkIfFree(user: UserBook): void {
    for (const server of this.#users.unparkIfFree(user)) this.#enterRing(server);
  }

  #expire(server: ServerBook, nowMs: number): void {
    const maxWaitMs = server.shedEarly?.maxWaitMs(nowMs) ?? Infinity;
    for (;;) {
      const waiter = server.queue.expireOne(nowMs, maxWaitMs);
      if (waiter === undefined) return;
      const isLate = nowMs - waiter.arrivedAtMs >= this.#options.queueTimeoutMs;
      if (usedUpBudget(waiter.item) !== null) this.#refuse(waiter.item, 'user-busy');
      else this.#refuse(waiter.item, isLate ? 'queue-timeout' : 'shed');
    }
  }

  /** For a ticket that was waiting and is out of its queue. */
  #refuse(ticket: Ticket, reason: RefusalReason): void {
    this.#answerRefused(ticket, reason);
    this.#forgetTicket(ticket);
  }

  #answerRefused(ticket: Ticket, reason: RefusalReason): void {
    const to = ticket.worker.incarnation;
    this.#outbox.push({ kind: 'refusal', to, ticket: ticket.id, reason });
    this.#forgetUsersIfUnused(ticket);
  }

  #forgetTicket(ticket: Ticket): void {
    this.#queued -= 1;
    this.#users.countQueued(ticket, -1);
    ticket.worker.waiting.delete(ticket.id);
    this.#forgetUsersIfUnused(ticket);
  }

  #forgetUsersIfUnused({ user, within }: Ticket): void {
    this.#users.forgetIfUnused(user);
    if (within !== null) this.#users.forgetIfUnused(within);
  }

  #enterRing(server: ServerBook): void {
    if (server.inRing || server.queue.turn === undefined) return;
    server.inRing = true;
    this.#ring.push(server);
  }

  /** Only ever the server whose turn it is. */
  #leaveRing(server: ServerBook): void {
    this.#ring.shift();
    server.inRing = false;
  }

  #addServer(name: string, nowMs: number): ServerBook {
    const { shedEarly } = this.#options;
    const queue = new FairQueue<Ticket>(queueOptions(this.#options));
    const early = shedEarly === undefined ? undefined : new ShedEarly(nowMs, shedEarly);
    const server = newServerBook(name, queue, early);
    this.#servers.set(name, server);
    return server;
  }
}

function lendUserSlot(worker: WorkerBook, user: UserBook): void {
  user.out += 1;
  worker.user.set(user.name, (worker.user.get(user.name) ?? 0) + 1);
}

function queueOptions({
  maxQueued,
  maxQueuedPerUser,
  queueTimeoutMs,
}: LeaseLedgerOptions): FairQueueOptions {
  return {
    maxWaiting: maxQueued,
    maxWaitingPerUser: maxQueuedPerUser,
    timeoutMs: queueTimeoutMs,
  };
}
