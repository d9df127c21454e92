/**
 * Who waits for a slot of one server: first in, first out for each user, and turn by turn between
 * users, so that one user with a thousand calls delays another's single call by one turn. Bounded
 * in total and per user; one deadline, counted from arrival. Everything is O(1) in intrusive lists:
 * joining, serving, leaving from the middle, expiring.
 *
 * A round gives each user one turn. Within it the order is free, so `next` may be told whom to prefer
 * (the ledger: calls of the worker where a slot became free, which has a connection for it). Who comes,
 * comes in the next round, and a turn that has come gives way to one of a later round for 2 ms at most:
 * under contention most calls then find a connection, and nobody's share suffers (decision 0009).
 *
 *   ring of users whose turn comes:  ana ⇄ bo ⇄ cy      parked (own budget used up; no turn): dee
 *   each user's line, oldest first:  a1 a2  b1   c1 c2                                        d1
 *   all waiters by arrival:          a1 c1 d1 a2 b1 c2     (expiry looks only at the oldest)
 */

export interface FairQueueOptions {
  readonly maxWaiting: number;
  readonly maxWaitingPerUser: number;
  /** Longest wait, from arrival. */
  readonly timeoutMs: number;
}

/** One waiter's place, and the handle to remove it. The links belong to the queue. */
export class Waiter<T> {
  readonly item: T;
  readonly arrivedAtMs: number;
  line: Line<T> | undefined;
  ahead: Waiter<T> | undefined;
  behind: Waiter<T> | undefined;
  older: Waiter<T> | undefined;
  younger: Waiter<T> | undefined;

  constructor(item: T, arrivedAtMs: number) {
    this.item = item;
    this.arrivedAtMs = arrivedAtMs;
  }
}

/** One user's line. `next` and `previous` are set exactly while it is in the ring. */
interface Line<T> {
  readonly user: string;
  first: Waiter<T> | undefined;
  last: Waiter<T> | undefined;
  length: number;
  next: Line<T> | undefined;
  previous: Line<T> | undefined;
  /** Of its coming turn. */
  round: number;
}

/** Lines looked at for one that is preferred: one of eight workers is missed one time in seventy. */
const LOOK_AHEAD = 32;
/** How long a turn that has come may be put off for one of a later round that is preferred. */
const PATIENCE_MS = 2;

export class FairQueue<T> {
  #options: FairQueueOptions;
  readonly #lines = new Map<string, Line<T>>();
  #turn: Line<T> | undefined;
  /** The latest that anybody was served in. Who comes now is served in the next one. */
  #round = 0;
  /** Whose turn it was when `next` was asked last, and since when it has been. */
  #due: { readonly line: Line<T>; readonly sinceMs: number } | undefined;
  #oldest: Waiter<T> | undefined;
  #youngest: Waiter<T> | undefined;
  #length = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** Other bounds from now on. Whoever waits already keeps its place, for as long as the new time allows. */
  configure(options: FairQueueOptions): void {
    this.#options = options;
  }

  /** Waiters, parked ones included. */
  get length(): number {
    return this.#length;
  }

  waitingOf(user: string): number {
    return this.#lines.get(user)?.length ?? 0;
  }

  /** Joins the end of the user's line. Returns the place, or which bound is reached. */
  join(user: string, item: T, nowMs: number): Waiter<T> | 'queue-full' | 'user-queue-full' {
    let line = this.#lines.get(user);
    if (line !== undefined && line.length >= this.#options.maxWaitingPerUser)
      return 'user-queue-full';
    if (this.#length >= this.#options.maxWaiting) return 'queue-full';
    if (line === undefined) {
      line = {
        user,
        first: undefined,
        last: undefined,
        length: 0,
        next: undefined,
        previous: undefined,
        round: 0,
      };
      this.#lines.set(user, line);
      this.#enterRing(line);
    }
    const waiter = new Waiter(item, nowMs);
    this.#append(line, waiter);
    return waiter;
  }

  /** The user whose turn it is; undefined when nobody waits but parked users. */
  get turn(): string | undefined {
    return this.#turn?.user;
  }

  /**
   * Who is to be served: the first of the user whose turn it is, or of one who is preferred, as long as
   * that one is in the same round or the turn has only just come.
   */
  next(nowMs: number, isPreferred: (item: T) => boolean): Waiter<T> | undefined {
    const turn = this.#turn;
    if (turn === undefined) return undefined;
    if (this.#due?.line !== turn) this.#due = { line: turn, sinceMs: nowMs };
    const isPatient = nowMs - this.#due.sinceMs < PATIENCE_MS;
    let line: Line<T> | undefined = turn;
    for (let seen = 0; seen < LOOK_AHEAD && line !== undefined; seen += 1) {
      if (line.round !== turn.round && !isPatient) break;
      if (line.first !== undefined && isPreferred(line.first.item)) return line.first;
      line = line.next;
      if (line === turn) break;
    }
    return turn.first;
  }

  /** Serves whom `next` told, by default of the user whose turn it is; the user's turn is over. */
  serve(waiter: Waiter<T> | undefined = this.#turn?.first): Waiter<T> | undefined {
    const line = waiter?.line;
    if (waiter === undefined || line?.first !== waiter) return undefined;
    this.#round = Math.max(this.#round, line.round);
    this.#leaveRing(line);
    this.#unlink(waiter, line);
    if (line.length > 0) this.#enterRing(line);
    return waiter;
  }

  /** Takes a place out wherever it is. False when it was served, removed or expired before. */
  remove(waiter: Waiter<T>): boolean {
    if (waiter.line === undefined) return false;
    this.#unlink(waiter, waiter.line);
    return true;
  }

  /** Leaves a user out of the turns (its own budget is used up). New calls join the parked line. */
  park(user: string): void {
    const line = this.#lines.get(user);
    if (line?.next !== undefined) this.#leaveRing(line);
  }

  /** Gives a parked user turns again, after everyone else's current one. */
  unpark(user: string): void {
    const line = this.#lines.get(user);
    if (line !== undefined && line.next === undefined) this.#enterRing(line);
  }

  /**
   * Removes and returns one waiter whose time is up, oldest first, or undefined when there is none.
   * `maxWaitMs`
   * shortens everybody's time from now on (shed-early.ts); it never lengthens it.
   */
  expireOne(nowMs: number, maxWaitMs = Infinity): Waiter<T> | undefined {
    const oldest = this.#oldest;
    if (oldest?.line === undefined) return undefined;
    if (nowMs - oldest.arrivedAtMs < Math.min(maxWaitMs, this.#options.timeoutMs)) return undefined;
    this.#unlink(oldest, oldest.line);
    return oldest;
  }

  /** Removes and returns any waiter, oldest first: for a server that is closed. */
  removeOldest(): Waiter<T> | undefined {
    return this.expireOne(Infinity);
  }

  #append(line: Line<T>, waiter: Waiter<T>): void {
    waiter.line = line;
    waiter.ahead = line.last;
    if (line.last === undefined) line.first = waiter;
    else line.last.behind = waiter;
    line.last = waiter;
    line.length += 1;
    waiter.older = this.#youngest;
    if (this.#youngest === undefined) this.#oldest = waiter;
    else this.#youngest.younger = waiter;
    this.#youngest = waiter;
    this.#length += 1;
  }

  #unlink(waiter: Waiter<T>, line: Line<T>): void {
    const { ahead, behind, older, younger } = waiter;
    if (ahead === undefined) line.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) line.last = ahead;
    else behind.ahead = ahead;
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    // Cleared so that a second removal is noticed and a kept handle keeps nobody else alive.
    waiter.line = waiter.ahead = waiter.behind = waiter.older = waiter.younger = undefined;
    this.#length -= 1;
    line.length -= 1;
    if (line.length > 0) return;
    this.#lines.delete(line.user);
    if (line.next !== undefined) this.#leaveRing(line);
  }

  #enterRing(line: Line<T>): void {
    line.round = this.#round + 1;
    const turn = this.#turn;
    const last = turn?.previous;
    if (turn === undefined || last === undefined) {
      line.next = line.previous = line;
      this.#turn = line;
      return;
    }
    line.next = turn;
    line.previous = last;
    last.next = line;
    turn.previous = line;
  }

  #leaveRing(line: Line<T>): void {
    const { next, previous } = line;
    if (next === undefined || previous === undefined) return;
    next.previous = previous;
    previous.next = next;
    if (this.#turn === line) this.#turn = next === line ? undefined : next;
    line.next = line.previous = undefined;
    if (this.#due?.line === line) this.#due = undefined;
  }
}
