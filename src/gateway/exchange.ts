/**
 * One HTTP request and its one reply, as the request path sees them. Both fronts (src/http) provide
 * it; nothing here knows a socket. Everything a front must promise is pinned by the front contract suite.
 */

export interface HttpReply {
  readonly status: number;
  /** Names and values are validated by the front: [\0\r\n] and non-latin1 are refused. Never Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A reply whose body is sent piece by piece; the front chunks it. */
export interface ReplyStream {
  /**
   * Queues bytes in order. Returns false when the writer should pause until `onDrain`.
   * A client that takes nothing for `streamStallTimeoutMs`, or a queue past `streamBufferBytes`,
   * closes the connection, which the exchange reports as an abort. No effect after end or abort.
   */
  write(chunk: Uint8Array | string): boolean;
  /** The one listener called when a paused stream may be written again. */
  onDrain(listener: () => void): void;
  end(): void;
  /** Closes the connection without the end of the reply, so that nobody takes what was sent for all of it. */
  cut(): void;
}

/**
 * The front calls the handler once per request, after the header gate has passed. All members may be
 * used after any await: everything was copied. Exactly one of `reply` and `openStream` takes effect;
 * later calls, and calls after an abort, do nothing.
 */
export interface HttpExchange {
  /** Upper case, one of GET, POST, DELETE, OPTIONS, HEAD; others are answered 405 by the front. */
  readonly method: string;
  /** Raw path without query, never decoded or normalised. */
  readonly path: string;
  /** Raw query without `?`; empty when absent. */
  readonly query: string;
  /** Value of a header by lower-case name, read as UTF-8; repeated security-relevant headers were refused, others joined by ", ". */
  header(name: string): string | undefined;
  /** Calls back for every header once, names in lower case, in order of arrival. */
  eachHeader(visit: (name: string, value: string) => void): void;
  /** The peer's address, or the client's where a trusted proxy forwarded it. IPv4 in dotted form. */
  readonly clientAddress: string;
  /** True when the request came straight from a loopback peer, with no forwarding header, at a name no web page can rebind. */
  readonly isLoopback: boolean;
  /**
   * The whole body, owned by the caller. Must be called synchronously from the handler or not at all
   * (bytes that arrive unread are counted and dropped). Rejects with GW_BODY_TOO_LARGE past `maxBytes`,
   * GW_BODY_TIMEOUT past the body deadline, GW_BAD_REQUEST when the client leaves.
   */
  readBody(maxBytes: number): Promise<Buffer>;
  readonly isAborted: boolean;
  /** The one listener called once when the client goes away before the reply was complete. */
  onAbort(listener: () => void): void;
  reply(reply: HttpReply): void;
  openStream(status: number, headers: Readonly<Record<string, string>>): ReplyStream;
}

/** Must not throw; may be async, the front ignores the promise but answers 500 and counts if it rejects. */
export type ExchangeHandler = (exchange: HttpExchange) => void | Promise<void>;
