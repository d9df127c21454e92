/**
 * A channel carries JSON-RPC messages to and from one instance of an MCP server that lives in the
 * upstream host: one stdio child, or one connection to an in-process module. The endpoint
 * (streamable-endpoint.ts) speaks HTTP-shaped MCP to the workers on one side and channels on the other.
 * Messages cross as bytes (one JSON object, no newline), so numbers and key order survive untouched.
 */
import type { GatewayError } from '../kernel/errors.js';

export interface ChannelListener {
  /**
   * One message from the server. `relatedId` is the id (as sent on this channel) of the request that
   * caused it, where the channel can know it (in-process modules); undefined where it cannot (stdio).
   */
  onMessage(message: Buffer, relatedId?: string | number): void;
  /**
   * In-process modules only: the handler of that request wants its client to poll for the answer (the
   * SDK's `closeSSE`, SEP-1699). The client's event stream ends; the request, its messages and its
   * answer stay, for a resume by `Last-Event-ID`.
   */
  onStreamClosed?(relatedId: string | number): void;
  /** The instance is gone; called once, whether it crashed, was closed, or never came up. Ids in flight are lost. */
  onClose(error: GatewayError): void;
}

export interface ChannelOwner {
  /** `session`: one legacy session of `user`. `shared`: modern requests of all users. `probe`: era and health probes. */
  readonly purpose: 'session' | 'shared' | 'probe';
  readonly user: string;
  /** That user's own credential for the server; null where none is configured. */
  readonly credential: string | null;
}

/** Who causes one message: in-process handlers see it; stdio children never do. */
export interface MessageOrigin {
  readonly user: string;
  readonly credential: string | null;
}

export interface Channel {
  /**
   * Sends one message. False: the instance is not taking bytes; wait for `writable()` before sending more
   * (at most `maxQueuedBytes` are buffered; past that the channel closes with GW_UPSTREAM_PROTOCOL).
   */
  send(message: Uint8Array, origin: MessageOrigin): boolean;
  /** Resolves when the channel takes messages again, or is closed. */
  writable(): Promise<void>;
  /** In-process: aborts the handler of that request without telling it by message. stdio: does nothing. */
  cancel(id: string | number): void;
  /** Orderly end (stdin closed, TERM, KILL for a child); resolves when nothing is left. Idempotent. */
  close(): Promise<void>;
}

export interface ChannelSource {
  /** Opens an instance. May throw GW_BULKHEAD_FULL when `maxProcesses` is reached. */
  open(owner: ChannelOwner, listener: ChannelListener): Channel;
  /** Instances alive now, for status and metrics. */
  readonly openCount: number;
  /** `open` would throw GW_BULKHEAD_FULL: an instance must end first. */
  readonly isFull: boolean;
  /** True: what it opens says nothing before it has loaded. Default false. */
  readonly isLoading?: boolean;
  /** Closes all instances; further `open` throws GW_DRAINING. */
  close(): Promise<void>;
}
