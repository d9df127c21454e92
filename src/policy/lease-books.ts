/**
 * What the lease ledger writes down: a book for each server, user and worker, and the ticket that
 * links one of each. Records only; every decision is lease-ledger.ts.
 */
import type { FairQueue, Waiter } from './fair-queue.js';
import type { Incarnation } from './lease-messages.js';
import type { ShedEarly } from './shed-early.js';

export interface ServerBook {
  readonly name: string;
  readonly queue: FairQueue<Ticket>;
  readonly shedEarly: ShedEarly | undefined;
  limit: number;
  closed: boolean;
  /** Slots held by workers or on their way to or from them. */
  out: number;
  inRing: boolean;
  recalledAtMs: number;
}

export interface UserBook {
  readonly name: string;
  /**
   * By server, the lines that have no turn because this budget is used up: its own, and those of users
   * whose calls count on it as well.
   */
  readonly parked: Map<ServerBook, Set<string>>;
  limit: number;
  /** As tickets name it; null = the common one. */
  ownLimit: number | null;
  out: number;
  /** Tickets that wait and count on it. */
  queued: number;
  recalledAtMs: number;
}

export interface WorkerBook {
  readonly incarnation: Incarnation;
  /** Slots out to this worker, by server and by user. */
  readonly server: Map<string, number>;
  readonly user: Map<string, number>;
  readonly waiting: Map<number, Waiter<Ticket>>;
}

export interface Ticket {
  readonly id: number;
  readonly worker: WorkerBook;
  readonly server: ServerBook;
  readonly user: UserBook;
  /** Where the call counts besides; null = nowhere. */
  readonly within: UserBook | null;
}

export function newServerBook(
  name: string,
  queue: FairQueue<Ticket>,
  shedEarly: ShedEarly | undefined,
): ServerBook {
  return {
    name,
    queue,
    shedEarly,
    limit: 0,
    closed: false,
    out: 0,
    inRing: false,
    recalledAtMs: -Infinity,
  };
}

export function newUserBook(name: string, limit: number): UserBook {
  return {
    name,
    parked: new Map(),
    limit,
    ownLimit: null,
    out: 0,
    queued: 0,
    recalledAtMs: -Infinity,
  };
}

/** The budget of users that keeps the ticket from running; null when none does. */
export function usedUpBudget({ user, within }: Ticket): UserBook | null {
  if (user.out >= user.limit) return user;
  return within !== null && within.out >= within.limit ? within : null;
}

export function newWorkerBook(incarnation: Incarnation): WorkerBook {
  return { incarnation, server: new Map(), user: new Map(), waiting: new Map() };
}
