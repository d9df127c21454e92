/**
 * The port behind which HTTP is accepted in a worker: `uws-front.ts` (default) and `node-front.ts`
 * (where uWebSockets.js cannot load). One contract suite runs against both. Requirements U1–U12.
 */
import type { ExchangeHandler } from '../gateway/exchange.js';

export interface FrontOptions {
  readonly host: string;
  readonly port: number;
  readonly maxHeaderBytes: number;
  /** Request body deadline, counted from the request's headers. */
  readonly bodyTimeoutMs: number;
  readonly chunkedRequests: boolean;
  /** Sockets beyond this are closed at accept, before any byte is read. */
  readonly maxConnections: number;
  readonly streamStallTimeoutMs: number;
  readonly streamBufferBytes: number;
  /** Addresses or CIDRs whose X-Forwarded-* are believed. */
  readonly trustProxy: readonly string[];
  /** Allowed Host names (without port); loopback names are always allowed on a loopback bind. Empty: no Host check. */
  readonly allowedHosts: readonly string[];
  /** Allowed Origin values beside same-host and loopback origins. */
  readonly allowedOrigins: readonly string[];
  /** Told what a handler threw or rejected with; the client has been answered 500. Must not throw. */
  readonly onHandlerError?: (thrown: unknown) => void;
}

export interface FrontStats {
  readonly connections: number;
  readonly refusedConnections: number;
  readonly refusedRequests: number;
  readonly inFlight: number;
  /** Handlers that threw, rejected or gave a reply that may not be sent. */
  readonly failedHandlers: number;
}

export interface Front {
  readonly name: 'uws' | 'node';
  /** Resolves with the bound port; rejects when the port cannot be bound. */
  listen(): Promise<number>;
  /**
   * Stops accepting at once; replies from now on carry `Connection: close`. Idle sockets stay open until
   * `close()`: a request may be on its way on any of them.
   */
  stopListening(): void;
  stats(): FrontStats;
  /** Closes every socket. Call after in-flight reached 0 or the drain deadline passed. */
  close(): void;
}

export type CreateFront = (options: FrontOptions, handler: ExchangeHandler) => Front;
