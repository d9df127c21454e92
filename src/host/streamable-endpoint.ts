/**
 * One MCP server of the upstream host, spoken to as if it were a Streamable HTTP server: legacy
 * revisions with a session and an instance each (legacy-endpoint.ts), modern ones on one shared instance, or
 * one a user (modern-endpoints.ts). What it answers is what the SDK's own HTTP servers answer, so that clients cannot
 * tell a stdio server behind the gateway from an HTTP one (PROTOCOL §9.3).
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { findHeader } from '../gateway/forward-headers.js';
import {
  scanBody,
  SERVER_SCAN_LIMITS,
  type JsonRpcId,
  type ScannedBody,
} from '../mcp/scan-message.js';
import { isModernVersion } from '../mcp/versions.js';
import type { ChannelSource } from './channel.js';
import { DropCounter } from './drop-counter.js';
import type { EndpointOptions, EndpointStats } from './endpoint-options.js';
import { ExchangeReply } from './exchange-reply.js';
import { Heartbeats } from './heartbeats.js';
import type { HostEndpoint, HostExchange } from './host-exchange.js';
import { InstanceRoom, type EndableInstance } from './instance-room.js';
import { isCheck, LegacyCheck } from './legacy-check.js';
import { LegacyEndpoint } from './legacy-endpoint.js';
import { ModernEndpoints } from './modern-endpoints.js';
import { RetainedStreams } from './retained-streams.js';
import { modernOnly } from './version-refusals.js';

export interface StreamableEndpoint extends HostEndpoint {
  /** Does what is due: heartbeats, deadlines, idle sessions. Call every SWEEP_INTERVAL_MS. */
  sweep(nowMs: number): void;
  stats(): EndpointStats;
  /** The user's credential for this server was changed: whatever was opened under the former one ends. */
  forgetUser(user: string): void;
}

/** A response that was written to a connection is probably there; one that was not is waited for. Chosen. */
const DELIVERED = { maxBytes: 4 * 1024 * 1024, maxAgeMs: 60_000 };
const UNDELIVERED = { maxBytes: 16 * 1024 * 1024, maxAgeMs: 600_000 };
/** Least bytes that may wait for a slow reader; a full replay must fit. */
const MIN_PENDING_BYTES = 1024 * 1024;

/** The endpoint owns `source` and closes it. */
export function createEndpoint(
  source: ChannelSource,
  options: EndpointOptions,
): StreamableEndpoint {
  return new Endpoint(source, options);
}

class Endpoint implements StreamableEndpoint {
  readonly #source: ChannelSource;
  readonly #options: EndpointOptions;
  readonly #heartbeats: Heartbeats;
  readonly #drops: DropCounter;
  readonly #retained: readonly RetainedStreams[];
  readonly #legacy: LegacyEndpoint;
  readonly #modern: ModernEndpoints;
  readonly #check: LegacyCheck;
  #isClosed = false;

  constructor(source: ChannelSource, options: EndpointOptions) {
    this.#source = source;
    this.#options = options;
    this.#heartbeats = new Heartbeats(options.heartbeatMs);
    this.#drops = new DropCounter(options.log);
    const delivered = new RetainedStreams(DELIVERED);
    const undelivered = new RetainedStreams(UNDELIVERED);
    this.#retained = [delivered, undelivered];
    const drops = this.#drops;
    const room = new InstanceRoom({
      held: () => this.#instances(),
      now: options.now,
      log: options.log,
    });
    this.#legacy = new LegacyEndpoint({
      source,
      room,
      options,
      drops,
      delivered,
      undelivered,
    });
    this.#modern = new ModernEndpoints({ source, room, endpoint: options, drops });
    this.#check = new LegacyCheck({
      source,
      endpoint: options,
      anySession: () => this.#legacy.pingable(),
    });
  }

  handle(exchange: HostExchange): void {
    const { now, eventStoreMaxBytes } = this.#options;
    const maxPendingBytes = Math.max(MIN_PENDING_BYTES, 2 * eventStoreMaxBytes);
    const reply = new ExchangeReply(exchange, {
      maxPendingBytes,
      now,
      heartbeats: this.#heartbeats,
    });
    let id: JsonRpcId | null = null;
    const fail = (thrown: unknown): void => {
      this.#fail(reply, thrown, id);
    };
    try {
      if (this.#isClosed) throw new GatewayError('GW_DRAINING');
      if (exchange.request.method !== 'POST') {
        this.#bodyless(exchange, reply);
        return;
      }
      const body = scanBody(bytesOf(exchange), SCAN_LIMITS);
      if (!body.isBatch && body.message.kind === 'request') id = body.message.id;
      if (id !== null && isCheck(exchange, body)) {
        this.#check.answer(reply, id);
        return;
      }
      if (isModern(body, exchange)) {
        this.#modern.post(exchange, reply, body.message).catch(fail);
      } else this.#legacyPost(exchange, reply, body);
    } catch (thrown) {
      fail(thrown);
    }
  }

  sweep(nowMs: number): void {
    this.#legacy.sweep(nowMs);
    this.#modern.sweep(nowMs);
    for (const retained of this.#retained) {
      for (let count = retained.sweep(nowMs); count > 0; count -= 1) {
        this.#options.onRemoved?.('stream');
      }
    }
    this.#heartbeats.sweep(nowMs);
  }

  stats(): EndpointStats {
    return {
      sessions: this.#legacy.sessionCount,
      streams: this.#heartbeats.streamCount,
      inFlight: this.#legacy.inFlightCount + this.#modern.inFlightCount,
      listens: this.#modern.listenCount,
      dropped: { ...this.#drops.counts },
    };
  }

  forgetUser(user: string): void {
    this.#legacy.forgetUser(user);
    this.#modern.forgetUser(user);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([this.#legacy.close(), this.#modern.close()]);
    await this.#source.close();
  }

  *#instances(): Iterable<EndableInstance> {
    yield* this.#legacy.instances();
    yield* this.#modern.instances();
  }

  #bodyless(exchange: HostExchange, reply: ExchangeReply): void {
    if (this.#options.era === 'modern') {
      throw new GatewayError('GW_METHOD_NOT_ALLOWED', { headers: { allow: 'POST' } });
    }
    if (exchange.request.method === 'GET') this.#legacy.get(exchange, reply);
    else this.#legacy.delete(exchange, reply);
  }

  #legacyPost(exchange: HostExchange, reply: ExchangeReply, body: ScannedBody): void {
    if (this.#options.era === 'modern') refuseLegacy(reply, body);
    else this.#legacy.post(exchange, reply, body);
  }

  #fail(reply: ExchangeReply, thrown: unknown, id: JsonRpcId | null): void {
    const error = asGatewayError(thrown);
    const { log } = this.#options;
    if (error.code === 'GW_INTERNAL') log.warn({ err: thrown }, error.message);
    const named = error.options.data?.['id'];
    reply.error(error, typeof named === 'string' || typeof named === 'number' ? named : id);
  }
}

/** The worker has bounded the body already, by settings of its own. */
const SCAN_LIMITS = { ...SERVER_SCAN_LIMITS, maxBatch: 1000 };

function bytesOf({ request }: HostExchange): Buffer {
  const { body } = request;
  if (body === null) throw new GatewayError('GW_PARSE');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** The body decides the era; a notification may tell it by header alone (SDK `classifyInboundRequest`). */
function isModern(
  body: ScannedBody,
  { request }: HostExchange,
): body is Extract<ScannedBody, { isBatch: false }> {
  if (body.isBatch) return false;
  if (body.message.hasEnvelope) return true;
  const version = findHeader(request.headers, 'mcp-protocol-version') ?? '';
  return body.message.kind === 'notification' && isModernVersion(version);
}

/** What a legacy client hears from a modern-only server (SDK `modernOnlyStrictRejection`). */
function refuseLegacy(reply: ExchangeReply, body: ScannedBody): void {
  if (body.isBatch || body.message.kind === 'response') {
    throw new GatewayError('GW_BAD_REQUEST', { hint: 'This server takes single requests only.' });
  }
  if (body.message.kind === 'notification') reply.empty(202);
  else throw modernOnly(body.message.initializeVersion);
}
