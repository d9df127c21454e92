/**
 * The request path's view of admission: who may start an exchange with an upstream, now or after a
 * wait. A permit stands for one in-flight exchange, or for one listening stream, which never holds a
 * slot; how each attempt ended is told through it, for the breaker and the adaptive limit.
 */
import type { CallLimits } from '../store/access-rules.js';
import type { Grant } from '../store/grants.js';
import type { HttpExchange } from './exchange.js';

/** Who asks, and which limits of its own it has beside the common ones (caller-accounts.ts). */
export interface Caller {
  readonly user: string;
  /** Of the API key behind the credential. Null or absent = none. */
  readonly keyId?: string | null;
  /** The API key's own. Null or absent = none. */
  readonly keyLimits?: CallLimits | null;
  /** What the user was granted on the server. */
  readonly grant?: Pick<Grant, 'server' | 'limits'> | undefined;
}

export interface AdmissionRequest extends Caller {
  readonly server: string;
  readonly isListening: boolean;
  /** A waiter whose client left is removed. */
  readonly exchange: Pick<HttpExchange, 'isAborted' | 'onAbort'>;
}

/** How one attempt at an upstream ended. */
export interface AttemptEnd {
  /** For the breaker: failures are timeouts, resets and 5xx. `ignore` says nothing of the server. */
  readonly health: 'success' | 'failure' | 'ignore';
  /** For the adaptive limit: `dropped` is a sign of overload, `success` a latency to learn from. */
  readonly load: 'success' | 'dropped' | 'ignore';
  /** Calls that usually take alike: the tool, or the method. */
  readonly latencyClass: string;
  readonly latencyMs: number;
}

export interface Permit {
  /** Adds what the limits say to a reply's headers; nothing where no rate limit applies. */
  addHeaders(reply: Record<string, string>): void;
  /** Tells how an attempt ended. */
  ended(end: AttemptEnd): void;
  /** Whether the server's breaker is still as it was at admission: a retry needs that. */
  isCurrent(): boolean;
  /** Gives the slot back. Exactly one call takes effect. */
  release(): void;
}

export interface Admission {
  /**
   * Synchronous when nothing is contended. Throws or rejects with GW_RATE_LIMITED, GW_USER_BUSY, GW_SHED,
   * GW_BULKHEAD_FULL, GW_QUEUE_TIMEOUT, GW_CIRCUIT_OPEN or GW_SERVER_UNKNOWN.
   */
  admit(request: AdmissionRequest): Permit | Promise<Permit>;
  /** Exchanges with an upstream in flight in this worker, by server; listening streams apart. */
  inFlight(): ReadonlyMap<string, number>;
  listening(): number;
}
