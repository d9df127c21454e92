import { LeaseLedger, type LeaseLedgerOptions } from '../../src/policy/lease-ledger.js';
import type {
  CloseIdle,
  LedgerMessage,
  OwnBudgets,
  SecondAccount,
  SlotKind,
  SlotReturn,
  TicketRequest,
} from '../../src/policy/lease-messages.js';
import { LocalLeases } from '../../src/policy/local-leases.js';

export const USERS = ['ana', 'bo', 'cy', 'dee'] as const;
export const SERVERS = ['a', 'b', 'c'] as const;
const SERVER_LIMITS: Readonly<Record<string, number>> = { a: 1, b: 3, c: 6 };

/** What two of the users count on besides, on two of the servers. */
const SHARED = 'ana and bo';

interface Call {
  readonly user: string;
  readonly server: string;
  readonly own: OwnBudgets;
}

type ToPrimary =
  | { readonly kind: 'ticket'; readonly request: TicketRequest }
  | { readonly kind: 'cancel'; readonly ticket: number }
  | { readonly kind: 'closed'; readonly closed: CloseIdle }
  | { readonly kind: 'gone'; readonly server: string }
  | { readonly kind: 'return'; readonly slots: SlotReturn };

class Worker {
  readonly incarnation: number;
  /** All users in four sweeps, so that their slots come back in a run too. */
  readonly leases = new LocalLeases({ userSweepEvery: 4 });
  readonly toPrimary: ToPrimary[] = [];
  readonly toWorker: LedgerMessage[] = [];
  readonly inFlight: Call[] = [];
  /** Connections by server: every call has one, and it stays open until it is closed as idle. */
  readonly open = new Map<string, number>();
  readonly waiting = new Map<number, Call>();
  isAlive = true;
  constructor(incarnation: number) {
    this.incarnation = incarnation;
  }
}

/** A primary and several workers with a first-in-first-out channel each way, delivered when the test says so. */
export class LeaseWorld {
  readonly ledger: LeaseLedger;
  readonly #options: LeaseLedgerOptions;
  /** Dead ones stay until their exit is noticed: until then their sockets count. */
  #workers: Worker[] = [];
  #nowMs = 0;
  #lastIncarnation = 0;
  #lastTicket = 0;
  readonly #unanswered = new Set<number>();
  /** Limits of users' own, and the highest and the lowest that each ever had. */
  readonly #ownLimits = new Map<string, number>();
  readonly #highest = new Map<string, number>();
  readonly #lowest = new Map<string, number>();
  #shared: SecondAccount | undefined;
  granted = 0;
  refused = 0;
  startedLocally = 0;
  startedInBoth = 0;
  waited = 0;

  constructor(options: LeaseLedgerOptions, workers: number) {
    this.#options = options;
    this.ledger = new LeaseLedger(options);
    for (const server of SERVERS) this.ledger.setServer(server, SERVER_LIMITS[server] ?? 0, 0);
    for (let i = 0; i < workers; i += 1) this.start();
  }

  start(): void {
    if (this.#workers.length >= 4) return;
    this.#lastIncarnation += 1;
    this.#workers.push(new Worker(this.#lastIncarnation));
    this.ledger.workerStarted(this.#lastIncarnation);
  }

  call(who: number, user: string, server: string): void {
    const worker = this.#alive(who);
    if (worker === undefined) return;
    const own = { maxPerUser: this.#ownLimits.get(user), within: this.#withinOf(user, server) };
    if (worker.leases.take(user, server, own)) {
      this.#begin(worker, { user, server, own });
      if (own.within !== undefined) this.startedInBoth += 1;
      this.startedLocally += 1;
      return;
    }
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    const surrendered = worker.leases.surrender(user, server, own);
    this.#sendReturns(worker);
    worker.waiting.set(ticket, { user, server, own });
    this.#unanswered.add(ticket);
    const request = { ticket, user, server, surrendered, ...own };
    worker.toPrimary.push({ kind: 'ticket', request });
  }

  /** From now on calls of the user name this limit; 0: the common one. */
  changeLimit(user: string, limit: number): void {
    if (limit === 0) this.#ownLimits.delete(user);
    else this.#ownLimits.set(user, limit);
    if (limit > 0) this.#remember(user, limit, this.#options.maxPerUser);
  }

  /** From now on calls of two users count on one more account with this limit; 0: no longer. */
  share(limit: number): void {
    this.#shared = limit === 0 ? undefined : { name: SHARED, limit };
    if (limit > 0) this.#remember(SHARED, limit, limit);
  }

  #withinOf(user: string, server: string): SecondAccount | undefined {
    return server === 'a' || (user !== 'ana' && user !== 'bo') ? undefined : this.#shared;
  }

  #remember(user: string, limit: number, usual: number): void {
    this.#highest.set(user, Math.max(this.#highest.get(user) ?? usual, limit));
    this.#lowest.set(user, Math.min(this.#lowest.get(user) ?? usual, limit));
  }

  #highestOf(user: string): number {
    return this.#highest.get(user) ?? this.#options.maxPerUser;
  }

  finish(who: number, which: number): void {
    const worker = this.#alive(who);
    if (worker === undefined || worker.inFlight.length === 0) return;
    const [call] = worker.inFlight.splice(which % worker.inFlight.length, 1);
    if (call === undefined) return;
    worker.leases.put(call.user, call.server, this.#nowMs, call.own.within?.name);
    this.#sendReturns(worker);
  }

  cancel(who: number, which: number): void {
    const worker = this.#alive(who);
    const tickets = [...(worker?.waiting.keys() ?? [])];
    const ticket = tickets[which % Math.max(1, tickets.length)];
    if (worker === undefined || ticket === undefined) return;
    worker.waiting.delete(ticket);
    this.#unanswered.delete(ticket);
    worker.toPrimary.push({ kind: 'cancel', ticket });
  }

  waitingAt(who: number): number {
    return this.#alive(who)?.waiting.size ?? 0;
  }

  /** A connection that no call is on is closed by its server, or was unused for too long. */
  loseIdleConnection(who: number, server: string): void {
    const worker = this.#alive(who);
    const open = worker?.open.get(server) ?? 0;
    if (worker === undefined || open <= callsOf(worker, server)) return;
    worker.open.set(server, open - 1);
    worker.toPrimary.push({ kind: 'gone', server });
  }

  sweep(who: number): void {
    const worker = this.#alive(who);
    worker?.leases.sweep(this.#nowMs);
    if (worker !== undefined) this.#sendReturns(worker);
  }

  drainWorker(who: number): void {
    const worker = this.#alive(who);
    worker?.leases.returnAllIdle();
    if (worker !== undefined) this.#sendReturns(worker);
  }

  kill(who: number): void {
    const worker = this.#alive(who);
    if (worker === undefined) return;
    worker.isAlive = false;
    for (const ticket of worker.waiting.keys()) this.#unanswered.delete(ticket);
    worker.waiting.clear();
  }

  /** The primary notices the exit of a dead worker; what it had sent may still arrive after that. */
  exit(who: number): void {
    const dead = this.#workers.filter((worker) => !worker.isAlive);
    const worker = dead[who % Math.max(1, dead.length)];
    if (worker === undefined) return;
    this.#workers = this.#workers.filter((other) => other !== worker);
    this.ledger.workerExited(worker.incarnation, this.#nowMs);
    this.#receiveAll(worker);
  }

  deliverToPrimary(who: number, count: number): void {
    const worker = this.#workers[who % Math.max(1, this.#workers.length)];
    if (worker === undefined) return;
    for (const message of worker.toPrimary.splice(0, count)) this.#receive(worker, message);
  }

  deliverToWorker(who: number, count: number): void {
    const worker = this.#alive(who);
    if (worker === undefined) return;
    for (const message of worker.toWorker.splice(0, count)) this.#hear(worker, message);
    this.#sendReturns(worker);
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    this.ledger.tick(this.#nowMs);
  }

  /** Sends what the ledger wants sent; then nothing may be above a limit, and no slot lost or made. */
  check(): void {
    this.#route();
    const { maxTotal } = this.#options;
    const inFlight = this.#workers.flatMap((worker) => worker.inFlight);
    expectAtMost(inFlight.length, maxTotal, 'in flight in total');
    expectAtMost(this.ledger.snapshot().total.out, maxTotal, 'out in total');
    const connections = SERVERS.reduce((sum, server) => sum + this.#connections(server), 0);
    expectAtMost(connections, maxTotal, 'connections in total');
    expectAtMost(this.ledger.snapshot().queued, this.#options.maxQueued, 'queued');
    let atWorkers = 0;
    for (const server of SERVERS) {
      const limit = SERVER_LIMITS[server] ?? 0;
      atWorkers += this.#checkKey('server', server, limit);
      expectAtMost(this.#connections(server), limit, `connections to ${server}`);
    }
    const { out } = this.ledger.snapshot().total;
    if (atWorkers + this.#moving() !== out) {
      throw new Error(
        `${atWorkers} slots at workers, ${this.#moving()} moving, ${out} on the books`,
      );
    }
    for (const user of USERS) this.#checkKey('user', user, this.#highestOf(user));
    this.#checkKey('user', SHARED, this.#highest.get(SHARED) ?? 0);
  }

  /** Delivers until all is quiet, through several rounds of recalls; no call ends. */
  deliverEverything(): void {
    for (let round = 0; round < 4; round += 1) {
      while (this.#workers.some((worker) => !worker.isAlive)) this.exit(0);
      this.#deliverUntilQuiet();
      this.advance(200);
      this.check();
    }
    this.#deliverUntilQuiet();
  }

  /** Returns how many wait, each for a limit that is really in use. */
  checkNobodyWaitsInVain(): number {
    const { maxTotal, maxPerUser } = this.#options;
    const inFlight = this.#workers.flatMap((worker) => worker.inFlight);
    let waiting = 0;
    for (const worker of this.#workers) {
      for (const [ticket, { user, server }] of worker.waiting) {
        waiting += 1;
        const ofUser = inFlight.filter((call) => call.user === user).length;
        const ofServer = inFlight.filter((call) => call.server === server).length;
        const inShared = inFlight.filter((call) => call.own.within !== undefined).length;
        const limited =
          inFlight.length >= maxTotal ||
          // Whoever stands behind one that waits for the shared account waits for it too.
          (['ana', 'bo'].includes(user) && inShared >= (this.#lowest.get(SHARED) ?? Infinity)) ||
          ofUser >= (this.#lowest.get(user) ?? maxPerUser) ||
          ofServer >= (SERVER_LIMITS[server] ?? 0);
        if (!limited) throw new Error(`ticket ${ticket} (${user}, ${server}) waits in vain`);
      }
    }
    return waiting;
  }

  /** Ends calls, one after the other, until none is left and nobody waits. */
  finishEverything(): void {
    for (let round = 0; round < 500; round += 1) {
      while (this.#workers.some((worker) => !worker.isAlive)) this.exit(0);
      this.#deliverUntilQuiet();
      this.checkNobodyWaitsInVain();
      const busy = this.#workers.find((worker) => worker.inFlight.length > 0);
      if (busy === undefined) break;
      this.finish(this.#workers.indexOf(busy), round);
      this.check();
    }
    // Seen idle, given back, forgotten.
    for (let i = 0; i < 12; i += 1) {
      for (let who = 0; who < this.#workers.length; who += 1) this.sweep(who);
    }
    this.#deliverUntilQuiet();
  }

  checkAllHome(): void {
    const { total, queued, users, servers, excessReturns } = this.ledger.snapshot();
    const left = total.out + queued + users + servers.reduce((sum, { out }) => sum + out, 0);
    if (left > 0) throw new Error(`not all home: ${JSON.stringify(this.ledger.snapshot())}`);
    if (excessReturns > 0) throw new Error(`${excessReturns} slots returned twice`);
    if (this.#unanswered.size > 0) throw new Error('a ticket was never answered');
    for (const { leases } of this.#workers) {
      if (leases.excessPuts > 0) throw new Error('a call was put back twice');
    }
  }

  #alive(who: number): Worker | undefined {
    const alive = this.#workers.filter((worker) => worker.isAlive);
    return alive[who % Math.max(1, alive.length)];
  }

  #route(): void {
    for (const message of this.ledger.drain()) {
      this.#workers.find(({ incarnation }) => incarnation === message.to)?.toWorker.push(message);
    }
  }

  #receiveAll(worker: Worker): void {
    for (const message of worker.toPrimary.splice(0)) this.#receive(worker, message);
  }

  #receive({ incarnation }: Worker, message: ToPrimary): void {
    if (message.kind === 'ticket') {
      this.ledger.ticket(incarnation, message.request, this.#nowMs);
      this.waited += this.ledger.snapshot().queued > 0 ? 1 : 0;
    } else if (message.kind === 'cancel') this.ledger.cancel(incarnation, message.ticket);
    else if (message.kind === 'closed') {
      this.ledger.idleClosed(incarnation, message.closed.count, this.#nowMs);
    } else if (message.kind === 'gone') this.ledger.idleGone(incarnation, message.server);
    else this.ledger.returned(incarnation, message.slots, this.#nowMs);
    this.#route();
  }

  #hear(worker: Worker, message: LedgerMessage): void {
    if (message.kind === 'recall') {
      worker.leases.recall(message, this.#nowMs);
      return;
    }
    if (message.kind === 'close-idle') {
      const { server, count } = message;
      const open = worker.open.get(server) ?? 0;
      worker.open.set(server, open - Math.min(count, open - callsOf(worker, server)));
      worker.toPrimary.push({ kind: 'closed', closed: message });
      return;
    }
    const call = worker.waiting.get(message.ticket);
    worker.waiting.delete(message.ticket);
    if (call !== undefined && !this.#unanswered.delete(message.ticket)) {
      throw new Error(`ticket ${message.ticket} was answered twice`);
    }
    if (message.kind === 'refusal') {
      this.refused += 1;
      return;
    }
    this.granted += 1;
    worker.leases.granted(message, call !== undefined, this.#nowMs, call?.own);
    if (call !== undefined) this.#begin(worker, call);
    if (call?.own.within !== undefined) this.startedInBoth += 1;
  }

  #begin(worker: Worker, call: Call): void {
    worker.inFlight.push(call);
    const { server } = call;
    worker.open.set(server, Math.max(worker.open.get(server) ?? 0, callsOf(worker, server)));
  }

  #connections(server: string): number {
    return this.#workers.reduce((sum, { open }) => sum + (open.get(server) ?? 0), 0);
  }

  #sendReturns(worker: Worker): void {
    for (const slots of worker.leases.drainReturns())
      worker.toPrimary.push({ kind: 'return', slots });
  }

  #deliverUntilQuiet(): void {
    for (let round = 0; round < 1000; round += 1) {
      this.#route();
      let quiet = true;
      for (const worker of this.#workers) {
        if (worker.toPrimary.length + worker.toWorker.length > 0) quiet = false;
        this.#receiveAll(worker);
        for (const message of worker.toWorker.splice(0)) this.#hear(worker, message);
        this.#sendReturns(worker);
      }
      this.check();
      if (quiet) return;
    }
    throw new Error('the messages never end');
  }

  /** Returns how many of its slots workers have, or have on their way. */
  #checkKey(kind: SlotKind, key: string, limit: number): number {
    let inUse = 0;
    let counted = 0;
    for (const { leases, inFlight, toPrimary, toWorker } of this.#workers) {
      const own = inFlight.filter(
        (call) => call[kind] === key || (kind === 'user' && call.own.within?.name === key),
      ).length;
      if (own !== leases.inUse(kind, key)) throw new Error(`${key}: a call without its slot`);
      inUse += own;
      counted += own + leases.idle(kind, key);
      for (const message of toPrimary) counted += slotsIn(message, kind, key);
      for (const message of toWorker) {
        if (message.kind !== 'grant') continue;
        if (message[kind] === key || (kind === 'user' && message.within === key)) counted += 1;
      }
    }
    expectAtMost(inUse, limit, `in flight of ${kind} ${key}`);
    expectAtMost(this.ledger.out(kind, key), limit, `out of ${kind} ${key}`);
    const out = this.ledger.out(kind, key);
    if (counted > out || counted + this.#moving() < out) {
      throw new Error(`${kind} ${key}: ${counted} slots exist, ${out} on the books`);
    }
    return counted;
  }

  /** Slots that are between workers until a connection is closed. */
  #moving(): number {
    let moving = 0;
    for (const { toPrimary, toWorker } of this.#workers) {
      for (const message of toWorker) if (message.kind === 'close-idle') moving += message.count;
      for (const message of toPrimary) {
        if (message.kind === 'closed') moving += message.closed.count;
      }
    }
    return moving;
  }
}

function callsOf({ inFlight }: Worker, server: string): number {
  return inFlight.filter((call) => call.server === server).length;
}

function slotsIn(message: ToPrimary, kind: SlotKind, key: string): number {
  if (message.kind === 'return') {
    return message.slots.kind === kind && message.slots.key === key ? message.slots.count : 0;
  }
  if (message.kind !== 'ticket') return 0;
  if (message.request.surrendered !== kind) return 0;
  return message.request[kind] === key ? 1 : 0;
}

function expectAtMost(actual: number, limit: number, what: string): void {
  if (actual > limit) throw new Error(`${what}: ${actual}, limit ${limit}`);
}
