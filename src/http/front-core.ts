/**
 * What both fronts do with a request once its head is read, and the counters and deadlines they
 * share. A front brings the socket library: heads in, a Wire out.
 */
import type { ExchangeHandler } from '../gateway/exchange.js';
import { monotonicMs } from '../kernel/clock.js';
import { ClientAddress, isLoopbackAddress } from './client-address.js';
import { DeadlineSet } from './deadline-set.js';
import { FrontExchange, type ExchangeContext } from './front-exchange.js';
import type { FrontOptions, FrontStats } from './front.js';
import { HeaderGate, isProxyHeader, type Framing, type GateRequest } from './header-gate.js';
import { refusalReply } from './refusal.js';
import type { Stalled, Wire } from './wire.js';

/** Deadlines are checked this often, or eight times within the shortest of them. */
const MAX_SWEEP_INTERVAL_MS = 1_000;
const MIN_SWEEP_INTERVAL_MS = 5;

export class FrontCore {
  connections = 0;
  refusedConnections = 0;
  refusedRequests = 0;
  inFlight = 0;
  failedHandlers = 0;
  isDraining = false;
  readonly #options: FrontOptions;
  readonly #handler: ExchangeHandler;
  readonly #gate: HeaderGate;
  readonly #addresses: ClientAddress;
  readonly #bodies: DeadlineSet<FrontExchange>;
  readonly #stalls: DeadlineSet<Stalled>;
  readonly #context: ExchangeContext;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: FrontOptions, handler: ExchangeHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#gate = new HeaderGate(options);
    this.#addresses = new ClientAddress(options.trustProxy);
    this.#bodies = new DeadlineSet(options.bodyTimeoutMs);
    this.#stalls = new DeadlineSet(options.streamStallTimeoutMs);
    this.#context = {
      streamBufferBytes: options.streamBufferBytes,
      bodies: this.#bodies,
      stalls: this.#stalls,
      nowMs: monotonicMs,
      isDraining: () => this.isDraining,
      onFinished: () => {
        this.inFlight -= 1;
      },
      onBadReply: () => {
        this.failedHandlers += 1;
      },
    };
  }

  stats(): FrontStats {
    const { connections, refusedConnections, refusedRequests, inFlight, failedHandlers } = this;
    return { connections, refusedConnections, refusedRequests, inFlight, failedHandlers };
  }

  startSweeping(): void {
    const shortestMs = Math.min(this.#options.bodyTimeoutMs, this.#options.streamStallTimeoutMs);
    const intervalMs = Math.max(
      MIN_SWEEP_INTERVAL_MS,
      Math.min(MAX_SWEEP_INTERVAL_MS, shortestMs / 8),
    );
    this.#sweep = setInterval(() => {
      this.#checkDeadlines(monotonicMs());
    }, intervalMs).unref();
  }

  stopSweeping(): void {
    clearInterval(this.#sweep);
  }

  /** Takes over one request whose head was read: from here on every outcome ends in one `wire` call. */
  serve(request: GateRequest, peer: string, wire: Wire): void {
    const verdict = this.#gate.inspect(request);
    const refusal = 'code' in verdict ? verdict : undefined;
    const framing = 'code' in verdict ? REFUSED : verdict;
    const isBehindProxy = framing.hasForwarding && this.#addresses.isTrusted(peer);
    const headers =
      framing.hasForwarding && !isBehindProxy
        ? withoutProxyHeaders(request.headers)
        : request.headers;
    const exchange = new FrontExchange(
      {
        method: request.method,
        path: request.path,
        query: request.query,
        headers,
        contentLength: framing.contentLength,
        clientAddress: isBehindProxy
          ? this.#addresses.behindProxy(peer, joinedValues(headers, 'x-forwarded-for'))
          : peer,
        isLoopback: !framing.hasForwarding && framing.hasTrustedHost && isLoopbackAddress(peer),
        mustClose: framing.isChunked,
      },
      wire,
      this.#context,
    );
    this.inFlight += 1;
    wire.attach(exchange, framing.isChunked);
    if (refusal === undefined) {
      wire.begin(framing.contentLength !== 0, () => {
        this.#run(exchange);
      });
      return;
    }
    this.refusedRequests += 1;
    exchange.reply(refusalReply(refusal));
  }

  /** Counts one answer that a front's own parser gave in place of the gate. */
  countParserRefusal(): void {
    this.refusedRequests += 1;
  }

  #run(exchange: FrontExchange): void {
    try {
      const running = this.#handler(exchange);
      exchange.awaitBody();
      if (running === undefined) return;
      running.catch((thrown: unknown) => {
        this.#handlerFailed(exchange, thrown);
      });
    } catch (thrown) {
      this.#handlerFailed(exchange, thrown);
    }
  }

  #handlerFailed(exchange: FrontExchange, thrown: unknown): void {
    this.failedHandlers += 1;
    exchange.fail();
    this.#options.onHandlerError?.(thrown);
  }

  #checkDeadlines(nowMs: number): void {
    this.#bodies.expire(nowMs, (exchange) => {
      exchange.bodyIsOverdue();
    });
    this.#stalls.expire(nowMs, (stalled) => {
      stalled.giveUp();
    });
    this.#stalls.forEach((stalled) => {
      stalled.keepWaiting();
    });
  }
}

/** A refused request counts as one whose end nobody knows: its reply is the last on its connection. */
const REFUSED: Framing = {
  contentLength: -1,
  isChunked: true,
  hasForwarding: false,
  hasTrustedHost: false,
};

function withoutProxyHeaders(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!isProxyHeader(name)) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

/** All values of a list header, in order. */
function joinedValues(headers: readonly string[], name: string): string | undefined {
  const values: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === name) values.push(headers[index + 1] ?? '');
  }
  return values.length === 0 ? undefined : values.join(',');
}
