/**
 * The request path's view of admission: who may start an exchange with an upstream, now or after a
 * wait. A permit stands for one in-flight exchange, or for one listening stream, which never holds a slot.
 */
import type { HttpExchange } from './exchange.js';

export interface AdmissionRequest {
  readonly user: string;
  readonly server: string;
  readonly isListening: boolean;
  /** A waiter whose client left is removed. */
  readonly exchange: Pick<HttpExchange, 'isAborted' | 'onAbort'>;
}

export interface Permit {
  /** Gives the slot back. Exactly one call takes effect. */
  release(): void;
}

export interface Admission {
  /**
   * Synchronous when nothing is contended. Throws or rejects with GW_RATE_LIMITED, GW_USER_BUSY, GW_SHED,
   * GW_BULKHEAD_FULL, GW_QUEUE_TIMEOUT, GW_CIRCUIT_OPEN or GW_DRAINING.
   */
  admit(request: AdmissionRequest): Permit | Promise<Permit>;
  /** Exchanges with an upstream in flight in this worker, by server; listening streams apart. */
  inFlight(): ReadonlyMap<string, number>;
  listening(): number;
}
