/**
 * The transport to a remote MCP server over Streamable HTTP: bytes pass as they are, over keep-alive
 * connections that are bounded per worker. Undici's `dispatch`, not `fetch` (8 times the CPU) and not
 * the SDK's client transport, which hides upstream statuses and headers and re-serialises.
 * Listening streams have a pool of their own, so that they never starve calls of connections.
 */
import { Pool, type Dispatcher } from 'undici';
import { GatewayError } from '../kernel/errors.js';
import { TrimmedPool } from './trimmed-pool.js';
import type {
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
  /** Most connections for calls in this worker. */
  readonly maxConnections: number;
  /** Most connections for listening streams in this worker. */
  readonly maxStreams: number;
  /** How long an unused connection is kept. Chosen below the usual server keep-alive when unknown. */
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

const MAX_RESPONSE_HEADER_BYTES = 32 * 1024;

export function createStreamableHttp(options: StreamableHttpOptions): UpstreamTransport {
  return new StreamableHttp(options);
}

class StreamableHttp implements UpstreamTransport {
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
      connectTimeout: options.connectTimeoutMs,
      keepAliveTimeout: options.idleTimeoutMs,
      keepAliveMaxTimeout: options.idleTimeoutMs,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      // The size of an answer is bounded by the relay's back-pressure, not by a total.
      maxResponseSize: -1,
    };
    this.#calls = new TrimmedPool(url.origin, { ...common, connections: options.maxConnections });
    this.#streams = new Pool(url.origin, { ...common, connections: options.maxStreams });
  }

  dispatch(request: UpstreamRequest, handler: UpstreamResponseHandler): UpstreamExchange {
    const exchange = new HttpUpstreamExchange(handler);
    const pool = request.method === 'GET' ? this.#streams : this.#calls.pool;
    pool.dispatch(
      {
        path: this.#path,
        method: request.method,
        headers: this.#withOwnHeaders(request.headers),
        body: request.body,
        headersTimeout: request.headTimeoutMs,
        bodyTimeout: request.idleTimeoutMs,
      },
      exchange,
    );
    return exchange;
  }

  keepConnections(count: number): void {
    this.#calls.trim(count);
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.pool.destroy(), this.#streams.destroy()]);
  }

  #withOwnHeaders(headers: readonly string[]): string[] {
    if (this.#ownHeaders.length === 0) return [...headers];
    const merged: string[] = [];
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? '';
      if (!this.#ownNames.has(name)) merged.push(name, headers[i + 1] ?? '');
    }
    merged.push(...this.#ownHeaders);
    return merged;
  }
}

class HttpUpstreamExchange implements UpstreamExchange, Dispatcher.DispatchHandler {
  readonly #handler: UpstreamResponseHandler;
  #controller: Dispatcher.DispatchController | null = null;
  #isOver = false;

  constructor(handler: UpstreamResponseHandler) {
    this.#handler = handler;
  }

  resume(): void {
    if (!this.#isOver && this.#controller?.paused === true) this.#controller.resume();
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Without a controller the request still waits for a connection: onRequestStart aborts it then.
    this.#controller?.abort(new Error('the gateway ended the exchange'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('the gateway ended the exchange'));
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
    if (!this.#handler.onData(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onError(asUpstreamError(error, this.#controller !== null));
  }
}

const TIMEOUT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const PROTOCOL_CODES = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

function asUpstreamError(error: Error, wasSent: boolean): GatewayError {
  const code = 'code' in error ? String(error.code) : '';
  const options = { cause: error, log: { sent: wasSent, upstreamError: code || error.message } };
  if (TIMEOUT_CODES.has(code)) {
    return new GatewayError('GW_UPSTREAM_TIMEOUT', {
      ...options,
      hint: 'Whether the request was carried out is unknown.',
    });
  }
  if (PROTOCOL_CODES.has(code) || code.startsWith('HPE_')) {
    return new GatewayError('GW_UPSTREAM_PROTOCOL', options);
  }
  const hint = wasSent
    ? 'Whether the request was carried out is unknown.'
    : 'The request was not sent.';
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', { ...options, hint });
}
