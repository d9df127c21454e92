/**
 * The transport to a remote MCP server over Streamable HTTP: bytes pass as they are, but for a byte order mark,
 * over keep-alive connections that are bounded per worker. Undici's `dispatch`, not `fetch` (8 times the CPU) and not
 * the SDK's client transport, which hides upstream statuses and headers and re-serialises.
 * Listening streams have a pool of their own, so that they never starve calls of connections.
 */
import { Pool, type Dispatcher } from 'undici';
import { GatewayError } from '../kernel/errors.js';
import { WithoutMark } from './byte-order-mark.js';
import { TrimmedPool, type HeldPlace } from './trimmed-pool.js';
import type {
  ConnectionCounts,
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHandler,
  UpstreamTransport,
} from './transport.js';

export interface StreamableHttpOptions {
  /** The server's endpoint, for example `http://10.0.0.5:3000/mcp`. From the configuration only. */
  readonly url: string;
  /** The operator's own headers (credentials of this server); they win over the client's. */
  readonly headers: Readonly<Record<string, string>>;
  /** Most connections for calls in this worker, until `limitConnections` says otherwise. */
  readonly maxConnections: number;
  /** Most connections for listening streams in this worker. */
  readonly maxStreams: number;
  /** How long an unused connection is kept. Chosen below the usual server keep-alive when unknown. */
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Told when idle connections for calls were closed by this side. */
  readonly onIdleClosed?: (count: number) => void;
  /** Told when an idle connection for calls is gone that `closeIdle` did not close. */
  readonly onIdleGone?: () => void;
  /** Told when an attempt to connect for a call has ended; `error` is null when it succeeded. */
  readonly onConnected?: (durationMs: number, error: Error | null) => void;
}

const MAX_RESPONSE_HEADER_BYTES = 32 * 1024;
const BEYOND_ASCII = /[^\x00-\x7f]/;

export function createStreamableHttp(options: StreamableHttpOptions): UpstreamTransport {
  return new StreamableHttp(options);
}

class StreamableHttp implements UpstreamTransport {
  readonly outlivesConnections = true;
  readonly #path: string;
  readonly #calls: TrimmedPool;
  readonly #streams: Pool;
  readonly #ownHeaders: readonly string[];
  readonly #ownNames: ReadonlySet<string>;

  constructor(options: StreamableHttpOptions) {
    const url = new URL(options.url);
    this.#path = url.pathname + url.search;
    this.#ownHeaders = Object.entries(options.headers).flat();
    this.#ownNames = new Set(Object.keys(options.headers).map((name) => name.toLowerCase()));
    const common = {
      pipelining: 1,
      keepAliveTimeout: options.idleTimeoutMs,
      keepAliveMaxTimeout: options.idleTimeoutMs,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      // The size of an answer is bounded by the relay's back-pressure, not by a total.
      maxResponseSize: -1,
    };
    const { maxConnections, maxStreams, connectTimeoutMs } = options;
    const { onIdleClosed, onIdleGone, onConnected } = options;
    this.#calls = new TrimmedPool(url.origin, {
      connections: maxConnections,
      connectTimeoutMs,
      client: common,
      ...(onIdleClosed && { onIdleClosed }),
      ...(onIdleGone && { onIdleGone }),
      ...(onConnected && { onConnected }),
    });
    this.#streams = new Pool(url.origin, {
      ...common,
      connectTimeout: connectTimeoutMs,
      connections: maxStreams,
    });
  }

  dispatch(request: UpstreamRequest, handler: UpstreamResponseHandler): UpstreamExchange {
    const isListening = request.method === 'GET' || request.isListening === true;
    const place = isListening ? null : this.#calls.take();
    const exchange = new HttpUpstreamExchange(handler, this.#calls, place);
    (place?.client ?? this.#streams).dispatch(
      {
        path: this.#path,
        method: request.method,
        headers: this.#withOwnHeaders(request.headers),
        body: request.body,
        // A listening stream's head may come with its first event.
        headersTimeout: request.method === 'GET' ? 0 : request.headTimeoutMs,
        bodyTimeout: request.idleTimeoutMs,
      },
      exchange,
    );
    return exchange;
  }

  closeIdle(count: number): void {
    this.#calls.closeIdle(count);
  }

  connections(): ConnectionCounts {
    const { active, idle, connecting } = this.#calls.counts();
    const { connected, running } = this.#streams.stats;
    const listening = Math.min(connected, running);
    return { active: active + listening, idle: idle + connected - listening, connecting };
  }

  limitConnections(most: number): void {
    this.#calls.limit(most);
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.close(), this.#streams.destroy()]);
  }

  #withOwnHeaders(headers: readonly string[]): string[] {
    const merged: string[] = [];
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? '';
      if (!this.#ownNames.has(name)) merged.push(name, asBytes(headers[i + 1] ?? ''));
    }
    merged.push(...this.#ownHeaders);
    return merged;
  }
}

class HttpUpstreamExchange implements UpstreamExchange, Dispatcher.DispatchHandler {
  readonly #handler: UpstreamResponseHandler;
  readonly #calls: TrimmedPool;
  /** Where a call is; null: it only listens, or its connection is free again. */
  #place: HeldPlace | null;
  #controller: Dispatcher.DispatchController | null = null;
  #isOver = false;
  readonly #withoutMark = new WithoutMark();

  constructor(handler: UpstreamResponseHandler, calls: TrimmedPool, place: HeldPlace | null) {
    this.#handler = handler;
    this.#calls = calls;
    this.#place = place;
  }

  resume(): void {
    if (!this.#isOver && this.#controller?.paused === true) this.#controller.resume();
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Without a controller the request still waits for a connection; should one come, onRequestStart aborts it.
    if (this.#controller !== null) this.#controller.abort(ENDED());
    else if (this.#place !== null) this.#calls.abandon(this.#place);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(ENDED());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.#isOver || status < 200) return;
    const flat: string[] = [];
    for (const name in headers) {
      const value = headers[name];
      if (typeof value === 'string') flat.push(name, value);
      else if (value !== undefined) for (const each of value) flat.push(name, each);
    }
    this.#handler.onHead(status, flat);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    const bytes = this.#withoutMark.take(chunk);
    if (bytes.length > 0 && !this.#handler.onData(bytes)) controller.pause();
  }

  onResponseEnd(): void {
    this.#free();
    if (this.#isOver) return;
    const rest = this.#withoutMark.rest();
    if (rest.length > 0) this.#handler.onData(rest);
    this.#isOver = true;
    this.#handler.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#free();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onError(asUpstreamError(error, this.#controller !== null));
  }

  #free(): void {
    const place = this.#place;
    this.#place = null;
    if (place !== null) this.#calls.free(place);
  }
}

/** Undici writes header values as latin-1. */
function asBytes(value: string): string {
  return BEYOND_ASCII.test(value) ? Buffer.from(value).toString('latin1') : value;
}

const ENDED = (): Error => new Error('the gateway ended the exchange');

const TIMEOUT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const PROTOCOL_CODES = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);
/** Undici's error about bytes that are no HTTP; it should have a code and has none (7.30.2, measured). */
const PARSER_ERROR = 'HTTPParserError';
/** Its messages about a status 100 or 101 that nobody asked for, under the code of a connection that broke. */
const UNASKED_HEADS = new Set(['bad response', 'bad upgrade']);
/** No file descriptor is free, in this process or on the machine. */
const FULL_CODES = new Set(['EMFILE', 'ENFILE']);
/** Undici's word for a header that it will not write, such as one with DEL in it, which uWebSockets.js reads. */
const UNSENDABLE_CODE = 'UND_ERR_INVALID_ARG';

function asUpstreamError(error: Error, wasSent: boolean): GatewayError {
  const code = 'code' in error ? String(error.code) : '';
  const options = { cause: error, log: { sent: wasSent, upstreamError: code || error.message } };
  if (TIMEOUT_CODES.has(code)) {
    return new GatewayError('GW_UPSTREAM_TIMEOUT', {
      ...options,
      hint: 'Whether the request was carried out is unknown.',
    });
  }
  if (PROTOCOL_CODES.has(code) || error.name === PARSER_ERROR || UNASKED_HEADS.has(error.message)) {
    return new GatewayError('GW_UPSTREAM_PROTOCOL', options);
  }
  // The client's doing, so it must say nothing about the server: not to the breaker, not as a retry.
  if (code === UNSENDABLE_CODE && !wasSent) {
    return new GatewayError('GW_BAD_REQUEST', {
      ...options,
      hint: 'A header has a character that HTTP does not allow.',
    });
  }
  // The gateway's own want, so it must say nothing about the server either.
  if (FULL_CODES.has(code) && !wasSent) {
    return new GatewayError('GW_SHED', {
      ...options,
      hint: 'It has no file free for a connection to the server (ulimit -n). The request was not sent.',
      retryAfterMs: 1000,
    });
  }
  const hint = wasSent
    ? 'Whether the request was carried out is unknown.'
    : 'The request was not sent.';
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', { ...options, hint });
}
