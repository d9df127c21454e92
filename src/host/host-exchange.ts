/**
 * One HTTP-shaped exchange between a worker and the upstream host, as the host's endpoint sees it.
 * host-server.ts makes these from frames; the worker's host-link transport is the other end.
 */
import type { ErrorCode, GatewayError } from '../kernel/errors.js';
import type { UpstreamRequest } from '../upstream/transport.js';

export interface HostReply {
  /** Once, first. `headers` flat, lower-case names. */
  head(status: number, headers: readonly string[]): void;
  /** False: pause until `onDrain`. At most `streamBufferBytes` are queued; past that the exchange is aborted. */
  write(bytes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  /** `told`: what was written tells the client this error, which is the host's word and not the server's. */
  end(told?: ErrorCode): void;
  /** Ends it with an error: what was written is no whole reply. The endpoint learns of it as an abort. */
  fail(error: GatewayError): void;
}

export interface HostExchange {
  readonly request: Pick<UpstreamRequest, 'method' | 'headers' | 'body' | 'user' | 'credential'>;
  readonly reply: HostReply;
  /** Called once when the worker aborted the exchange or died; nothing may be written afterwards. */
  onAbort(listener: () => void): void;
}

/** One MCP server in the upstream host. Never throws; every exchange gets exactly one reply. */
export interface HostEndpoint {
  handle(exchange: HostExchange): void;
  close(): Promise<void>;
}
