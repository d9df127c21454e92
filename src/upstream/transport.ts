/**
 * The port through which an HTTP worker reaches one MCP server: one HTTP-shaped exchange at a time,
 * bytes in, bytes out. Streamable HTTP upstreams implement it with undici; stdio children and
 * in-process modules implement it as frames to the upstream host, which answers in the same shape.
 * So the request path relays both alike and never parses a response it need not change.
 */
import type { GatewayError } from '../kernel/errors.js';

export interface UpstreamRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Flat list name, value, name, value…; already stripped of credentials and hop-by-hop headers. */
  readonly headers: readonly string[];
  /** The JSON-RPC bytes of a POST; null otherwise. */
  readonly body: Uint8Array | null;
  /** Who calls: the upstream host binds sessions, modules and credentials to it. Never sent over HTTP. */
  readonly user: string;
  /** The user's own for this server, where it is not among the headers already: for the upstream host. */
  readonly credential: string | null;
  /** Time to the response head; exceeding it fails with GW_UPSTREAM_TIMEOUT. Over HTTP a GET has no such limit. */
  readonly headTimeoutMs: number;
  /** A POST whose answer is a stream to listen to; it uses no connection of calls. */
  readonly isListening?: boolean;
  /** Longest silence inside the response body; 0 means none. */
  readonly idleTimeoutMs: number;
}

/** Calls come in the order head, data*, then exactly one of end and error. */
export interface UpstreamResponseHandler {
  /** `headers` is a flat list with lower-case names. */
  onHead(status: number, headers: readonly string[]): void;
  /** The chunk belongs to the handler. Return false to pause until `resume()`. */
  onData(chunk: Buffer): boolean;
  /** `told`: what the whole answer tells the client is this error of the upstream host, not the server's word. */
  onEnd(told?: GatewayError): void;
  /** `GW_UPSTREAM_UNREACHABLE` with `log.sent === false` means the request provably never left. */
  onError(error: GatewayError): void;
}

export interface UpstreamExchange {
  resume(): void;
  /** Ends the exchange; no callback follows. Idempotent. */
  abort(): void;
}

/** Connections of this worker to one server. */
export interface ConnectionCounts {
  readonly active: number;
  readonly idle: number;
  readonly connecting: number;
}

export interface UpstreamTransport {
  /**
   * A server that one connection of ours was lost to may live on, and with it a stream that its client can
   * resume. Absent where only the server's own death breaks an exchange.
   */
  readonly outlivesConnections?: boolean;
  dispatch(request: UpstreamRequest, handler: UpstreamResponseHandler): UpstreamExchange;
  /** Closes so many idle connections for calls, as far as there are; busy ones are left alone. */
  closeIdle?(count: number): void;
  /** Absent where all servers of a host share one. */
  connections?(): ConnectionCounts;
  /** From now on; those that are open beyond it go with their slots. Absent where all servers of a host share one. */
  limitConnections?(most: number): void;
  /** Ends idle connections at once and in-flight exchanges with GW_UPSTREAM_UNREACHABLE. */
  close(): Promise<void>;
}
