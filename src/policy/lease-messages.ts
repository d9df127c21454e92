/**
 * What the primary's ledger (lease-ledger.ts) and a worker's local leases (local-leases.ts) say to
 * each other. The meaning of each message, and why the budgets hold in every interleaving, is told
 * in lease-ledger.ts.
 */

/**
 * Names one life of a worker process: never used again after its exit (cluster's `worker.id` will
 * do).
 */
export type Incarnation = number;

/**
 * A server slot is one of that server's budget and one of the total; a user slot one of that user's
 * budget.
 */
export type SlotKind = 'server' | 'user';

export type RefusalReason =
  | 'queue-full'
  | 'user-queue-full'
  | 'queue-timeout'
  /** Waited in vain because the user's own budget was used up all the time. */
  | 'user-busy'
  | 'shed'
  | 'circuit-open'
  | 'server-closed'
  | 'server-unknown';

/** Another account whose slots a call needs besides its user's: where two limits of callers hold at once. */
export interface SecondAccount {
  readonly name: string;
  readonly limit: number;
}

/** What of a call's budgets is not the common one of users. */
export interface OwnBudgets {
  /** The user's own limit. The latest told is the one that holds. */
  readonly maxPerUser?: number | undefined;
  /** Its slots are of kind `user` and count like any user's. */
  readonly within?: SecondAccount | undefined;
}

/** Worker to primary: a call lacks a slot. */
export interface TicketRequest extends OwnBudgets {
  /** Unique within the worker's life. */
  readonly ticket: number;
  readonly user: string;
  readonly server: string;
  /** The half that the worker had idle and hands back with this ticket. */
  readonly surrendered?: SlotKind | undefined;
}

/** Worker to primary: slots that the worker no longer counts as its own. */
export interface SlotReturn {
  readonly kind: SlotKind;
  readonly key: string;
  readonly count: number;
}

/** Both slots of one call, or all three. */
export interface Grant {
  readonly kind: 'grant';
  readonly to: Incarnation;
  readonly ticket: number;
  readonly user: string;
  readonly server: string;
  /** The second account, when the ticket named one. */
  readonly within?: string | undefined;
  /** Slots that must not stay idle at the worker: someone waits for their key. */
  readonly brokered: SlotKind | 'none' | 'both';
  /** For how long, from arrival. */
  readonly brokerMs: number;
}

export interface Refusal {
  readonly kind: 'refusal';
  readonly to: Incarnation;
  readonly ticket: number;
  readonly reason: RefusalReason;
}

/** Return what is idle now, and for `brokerMs` whatever becomes free. */
export interface Recall {
  readonly kind: 'recall';
  readonly to: Incarnation;
  /** `total`: the slots of every server. */
  readonly scope: SlotKind | 'total';
  /** The server or the user; empty for `total`. */
  readonly key: string;
  readonly brokerMs: number;
}

/**
 * So many slots that the worker gave back are lent to others: it closes the idle connections they left, and
 * says so. The others' grants wait for that.
 */
export interface CloseIdle {
  readonly kind: 'close-idle';
  readonly to: Incarnation;
  readonly server: string;
  readonly count: number;
}

/** Primary to the worker `to`, in the order in which the ledger yields them. */
export type LedgerMessage = Grant | Refusal | Recall | CloseIdle;
