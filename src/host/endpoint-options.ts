/**
 * What one endpoint (streamable-endpoint.ts) is told: its bounds, its clock and where it logs.
 * All times are monotonic milliseconds. The endpoint owns no timer: whoever composes it calls
 * `sweep(nowMs)` every SWEEP_INTERVAL_MS, so heartbeats and deadlines are exact to that interval
 * and tests need not sleep.
 */

/** How often `sweep` wants to be called. Heartbeats and deadlines come up to this much late. */
export const SWEEP_INTERVAL_MS = 1000;

/**
 * What the endpoint writes about itself; pino's `Logger` fits, as a child that names the server in each line.
 * Never called with a message's content.
 */
export interface EndpointLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface EndpointOptions {
  /** `auto` asks the server once (era-probe.ts); a pinned era spares the probe's instance. */
  readonly era: 'auto' | 'legacy' | 'modern';
  /** First part of every session id minted here; visible ASCII without a dot. */
  readonly hostId: string;
  /** A stream that was silent this long gets a comment line. 15 000 is what the SDK does. */
  readonly heartbeatMs: number;
  /** A legacy session with no stream and no request for this long is closed. */
  readonly sessionIdleMs: number;
  /** The instance that all users of modern revisions share is ended after so long without one. */
  readonly sharedIdleMs?: number;
  /** Legacy sessions alive at once; and, counted apart, modern `subscriptions/listen` streams. */
  readonly maxSessions: number;
  /** The same two counts for one user. */
  readonly maxSessionsPerUser: number;
  /** Streams of one legacy session at once: POSTs in flight and the standing GET. */
  readonly maxStreamsPerSession: number;
  /** Messages kept for resumption of one stream; the newest is kept whatever its size. */
  readonly eventStoreMaxEvents: number;
  readonly eventStoreMaxBytes: number;
  /** For the era probe, and for the gateway's own `tools/list`. */
  readonly probeTimeoutMs: number;
  /** Longest silence of the server about a request. Each message about it starts the time anew. */
  readonly requestTimeoutMs: number;
  /** Told what was ended or forgotten because nobody used it: sessions, instances, resumable streams. */
  readonly onRemoved?: (kind: 'session' | 'instance' | 'stream') => void;
  readonly log: EndpointLog;
  /** Monotonic milliseconds (kernel/clock.ts). */
  readonly now: () => number;
}

/** Counts for status and metrics; all but the drops are of now. */
export interface EndpointStats {
  readonly sessions: number;
  readonly streams: number;
  readonly inFlight: number;
  readonly listens: number;
  /** Messages of the server that belonged to no one, since the start, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
}

export type DropReason =
  /** A response to nothing in flight: late after a cancel or a deadline, repeated, or invented. */
  | 'unknown-response'
  /** A notification whose request, token or subscription is not there any more. */
  | 'unattributable'
  /** Not JSON-RPC 2.0. */
  | 'malformed'
  /** A request from a server that may not ask (modern revisions). */
  | 'server-request';
