/**
 * The one reply of an exchange, in the three shapes MCP over HTTP knows: a JSON message, a stream of
 * events, or a bare status. Whatever is said after the first answer, or after the worker went away, is
 * ignored, so that no path can answer twice.
 */
import { findHeader } from '../gateway/forward-headers.js';
import { mcpErrorReply } from '../gateway/error-reply.js';
import type { ErrorCode, GatewayError } from '../kernel/errors.js';
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { Heartbeats } from './heartbeats.js';
import type { HostExchange } from './host-exchange.js';
import { PacedWriter } from './paced-writer.js';

export interface ReplyLimits {
  /** Written but not yet taken by the reader; past it a stream is ended. */
  readonly maxPendingBytes: number;
  readonly now: () => number;
  /** Where open streams are kept from falling silent. */
  readonly heartbeats: Heartbeats;
}

/** What the SDK's servers send with every event stream, less what belongs to one hop. */
const EVENT_HEADERS = [
  'content-type',
  'text/event-stream',
  'cache-control',
  'no-cache, no-transform',
  'x-accel-buffering',
  'no',
] as const;

/** The host's own doing. As a status it would look like the server's answer, and count against it. */
const OWN_DOING: ReadonlySet<ErrorCode> = new Set([
  'GW_BULKHEAD_FULL',
  'GW_SHED',
  'GW_USER_BUSY',
  'GW_DRAINING',
]);

export class ExchangeReply {
  readonly #exchange: HostExchange;
  readonly #limits: ReplyLimits;
  readonly #abortListeners: (() => void)[] = [];
  #isBegun = false;
  #isAborted = false;
  #writer: PacedWriter | null = null;

  constructor(exchange: HostExchange, limits: ReplyLimits) {
    this.#exchange = exchange;
    this.#limits = limits;
    exchange.onAbort(() => {
      this.#lost();
    });
  }

  /** True when nothing may be answered any more: it was, or nobody listens. */
  get isOver(): boolean {
    return this.#isBegun || this.#isAborted;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Called once when the reader is gone before the reply was complete; at once if it already is. */
  onAbort(listener: () => void): void {
    if (this.#isAborted) listener();
    else this.#abortListeners.push(listener);
  }

  empty(status: number, headers: readonly string[] = []): void {
    if (!this.#begin(status, headers)) return;
    this.#exchange.reply.end();
  }

  json(status: number, body: Buffer, headers: readonly string[] = []): void {
    this.#json(status, body, headers);
  }

  error(error: GatewayError, id: JsonRpcId | null): void {
    if (isOwnDoing(error) && !this.isOver) {
      this.#exchange.reply.fail(error);
      return;
    }
    const { status, headers, body } = mcpErrorReply(error, id, this.requestId);
    const flat: string[] = [];
    for (const [name, value] of Object.entries(headers)) {
      if (name !== 'content-type') flat.push(name, value);
    }
    this.#json(status, Buffer.from(body ?? ''), flat, error.code);
  }

  /** Begins a stream of events; null when the reply is over. `onAbort` tells of its loss too. */
  openEvents(headers: readonly string[] = []): PacedWriter | null {
    if (!this.#begin(200, [...EVENT_HEADERS, ...headers])) return null;
    const writer = this.#pacedWriter();
    this.#limits.heartbeats.add(writer);
    return writer;
  }

  /** The worker's name for the request, for error bodies; empty when it gave none. */
  get requestId(): string {
    return findHeader(this.#exchange.request.headers, 'x-request-id') ?? '';
  }

  #json(status: number, body: Buffer, headers: readonly string[], told?: ErrorCode): void {
    const length = String(body.length);
    const all = [...headers, 'content-type', 'application/json', 'content-length', length];
    if (!this.#begin(status, all)) return;
    const writer = this.#pacedWriter();
    writer.write(body);
    writer.end(told);
  }

  #pacedWriter(): PacedWriter {
    this.#writer = new PacedWriter(this.#exchange.reply, {
      ...this.#limits,
      onClosed: () => {
        this.#forget();
      },
    });
    return this.#writer;
  }

  #begin(status: number, headers: readonly string[]): boolean {
    if (this.isOver) return false;
    this.#isBegun = true;
    this.#exchange.reply.head(status, headers);
    return true;
  }

  #forget(): void {
    if (this.#writer !== null) this.#limits.heartbeats.delete(this.#writer);
  }

  #lost(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#writer?.drop();
    for (const listener of this.#abortListeners) listener();
  }
}

function isOwnDoing({ code, options }: GatewayError): boolean {
  // The pause before a process is started again.
  if (code === 'GW_UPSTREAM_UNREACHABLE') return options.retryAfterMs !== undefined;
  return OWN_DOING.has(code);
}
