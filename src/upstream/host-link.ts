/**
 * Reaches the servers of one upstream host: one connection a worker, shared by all of them, opened
 * again by itself when the host was replaced. Requests that arrive meanwhile wait a moment; those in
 * flight fail, because a host that died took its sessions and children along.
 * All deadlines of a link are swept by one timer, which runs only while something is in flight.
 */
import { createConnection } from 'node:net';
import { monotonicMs } from '../kernel/clock.js';
import { GatewayError } from '../kernel/errors.js';
import { FrameConnection } from './frame-connection.js';
import { LinkExchange, type ExchangeLink } from './link-exchange.js';
import type {
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHandler,
  UpstreamTransport,
} from './transport.js';

export interface HostLinkOptions {
  readonly socketPath: string;
  /** Largest request body, and so the largest frame. Default 64 MiB, the most a setting allows. */
  readonly maxBodyBytes?: number;
  /** How long a request waits for a connection. Default 1000: a host is replaced faster than that. */
  readonly connectWaitMs?: number;
  /** Requests waiting for a connection at once; more fail at once. Default 1000. */
  readonly maxWaiting?: number;
  /** Called on every change, for the log and the status. */
  readonly onStateChange?: (isConnected: boolean, cause: Error | null) => void;
}

export interface HostLink {
  /** The transport to one server of this host; cheap, may be asked for again. */
  transport(server: string): UpstreamTransport;
  readonly isConnected: boolean;
  readonly inFlight: number;
  /** Fails what is in flight and closes the connection. */
  close(): Promise<void>;
}

/** A passed deadline is noticed within this time; the design frees a slot within 100 ms. */
const SWEEP_INTERVAL_MS = 25;
const FIRST_RECONNECT_MS = 10;
const MAX_RECONNECT_MS = 1000;
const MAX_EXCHANGE_ID = 0xffffffff;

export function createHostLink(options: HostLinkOptions): HostLink {
  return new FramedHostLink(options);
}

class FramedHostLink implements HostLink, ExchangeLink {
  readonly #options: Required<Omit<HostLinkOptions, 'onStateChange'>>;
  readonly #onStateChange: NonNullable<HostLinkOptions['onStateChange']>;
  readonly #exchanges = new Map<number, LinkExchange>();
  /** Not yet sent, in order of arrival; a part of `#exchanges`. */
  readonly #waiting = new Set<LinkExchange>();
  #connection: FrameConnection | null = null;
  #isConnected = false;
  #failures = 0;
  #reconnectTimer: NodeJS.Timeout | null = null;
  #sweepTimer: NodeJS.Timeout | null = null;
  #lastId = 0;
  #isClosed = false;
  #closed: Promise<void> = Promise.resolve();

  constructor(options: HostLinkOptions) {
    this.#options = {
      maxBodyBytes: 64 * 1024 * 1024,
      connectWaitMs: 1000,
      maxWaiting: 1000,
      ...options,
    };
    this.#onStateChange = options.onStateChange ?? ((): void => undefined);
    this.#connect();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get inFlight(): number {
    return this.#exchanges.size;
  }

  transport(server: string): UpstreamTransport {
    return {
      dispatch: (request, handler) => this.#dispatch(server, request, handler),
      close: () => {
        this.#failAll((exchange) => exchange.server === server);
        return Promise.resolve();
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#reconnectTimer !== null) clearTimeout(this.#reconnectTimer);
    this.#failAll(() => true);
    this.#connection?.end();
    this.#connection?.destroy();
    await this.#closed;
  }

  nowMs(): number {
    return monotonicMs();
  }

  credit(exchangeId: number, bytes: number): void {
    this.#connection?.frames().credit(exchangeId, bytes);
  }

  release(exchange: LinkExchange, tellHost: boolean): void {
    this.#exchanges.delete(exchange.id);
    this.#waiting.delete(exchange);
    if (tellHost && exchange.isSent) this.#connection?.frames().abort(exchange.id);
    if (this.#exchanges.size > 0 || this.#sweepTimer === null) return;
    clearInterval(this.#sweepTimer);
    this.#sweepTimer = null;
  }

  #dispatch(
    server: string,
    request: UpstreamRequest,
    handler: UpstreamResponseHandler,
  ): UpstreamExchange {
    const exchange = new LinkExchange(this.#nextId(), server, request, { handler, link: this });
    this.#exchanges.set(exchange.id, exchange);
    this.#sweepTimer ??= setInterval(() => {
      this.#sweep();
    }, SWEEP_INTERVAL_MS);
    if (this.#isConnected) this.#open(exchange);
    else this.#wait(exchange);
    return exchange;
  }

  #open(exchange: LinkExchange): void {
    const { request } = exchange;
    const connection = this.#connection;
    if (connection === null) return;
    exchange.markSent();
    connection.frames().open(exchange.id, {
      server: exchange.server,
      user: request.user,
      credential: request.credential,
      method: request.method,
      headers: request.headers,
      body: request.body === null ? null : asBuffer(request.body),
    });
  }

  #wait(exchange: LinkExchange): void {
    const { connectWaitMs, maxWaiting } = this.#options;
    if (this.#isClosed || this.#waiting.size >= maxWaiting) {
      // The caller does not have the exchange yet, so it must not hear of it before it returns.
      queueMicrotask(() => {
        exchange.fail(unreachable(false), false);
      });
      return;
    }
    this.#waiting.add(exchange);
    exchange.dueAtMs = Math.min(exchange.dueAtMs, monotonicMs() + connectWaitMs);
  }

  #connect(): void {
    this.#reconnectTimer = null;
    const socket = createConnection({ path: this.#options.socketPath });
    this.#connection = new FrameConnection(socket, this.#options.maxBodyBytes, {
      onFrame: (frame) => {
        this.#exchanges.get(frame.exchangeId)?.onFrame(frame);
      },
      // A worker's requests are bounded by its leases; they never wait for the socket.
      onDrain: () => undefined,
      onClose: (cause) => {
        this.#lost(cause);
      },
    });
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    });
    socket.once('connect', () => {
      this.#established();
    });
  }

  #established(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    this.#failures = 0;
    this.#onStateChange(true, null);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const exchange of waiting) this.#open(exchange);
  }

  #lost(cause: Error | null): void {
    const wasConnected = this.#isConnected;
    this.#isConnected = false;
    this.#connection = null;
    if (this.#isClosed) return;
    this.#failures += 1;
    const waitMs = Math.min(
      MAX_RECONNECT_MS,
      FIRST_RECONNECT_MS * 2 ** Math.min(this.#failures, 10),
    );
    // Jitter, so that all workers do not come back in the same instant.
    this.#reconnectTimer = setTimeout(
      () => {
        this.#connect();
      },
      waitMs * (0.5 + Math.random() / 2),
    ).unref();
    if (wasConnected) this.#onStateChange(false, cause);
    this.#failAll((exchange) => exchange.isSent, cause);
  }

  #failAll(isMeant: (exchange: LinkExchange) => boolean, cause: Error | null = null): void {
    for (const exchange of [...this.#exchanges.values()]) {
      if (isMeant(exchange)) exchange.fail(unreachable(exchange.isSent, cause), true);
    }
  }

  #sweep(): void {
    const nowMs = monotonicMs();
    for (const exchange of this.#exchanges.values()) {
      if (exchange.dueAtMs > nowMs) continue;
      if (this.#waiting.has(exchange)) exchange.fail(unreachable(false), false);
      else exchange.timeOut();
    }
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId >= MAX_EXCHANGE_ID ? 1 : this.#lastId + 1;
    } while (this.#exchanges.has(this.#lastId));
    return this.#lastId;
  }
}

function unreachable(sent: boolean, cause: Error | null = null): GatewayError {
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', {
    hint: sent ? 'The outcome of the request is unknown.' : 'The request was not sent.',
    log: { sent, from: 'host-link' },
    ...(cause !== null && { cause }),
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
