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
  /** Servers in whose queue this user has no turn, its own budget being used up. */
  readonly parkedAt: Set<ServerBook>;
  limit: number;
  out: number;
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
  return { name, parkedAt: new Set(), limit, out: 0, queued: 0, recalledAtMs: -Infinity };
}

export function newWorkerBook(incarnation: Incarnation): WorkerBook {
  return { incarnation, server: new Map(), user: new Map(), waiting: new Map() };
}
