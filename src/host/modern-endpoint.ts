/**
 * Modern revisions over HTTP for one server: every POST is complete in itself, so all users share one
 * instance (modern-hub.ts), unless they have credentials of their own for it (modern-endpoints.ts); nothing is
 * remembered between requests but subscriptions.
 */
import { GatewayError } from '../kernel/errors.js';
import { findHeader } from '../gateway/forward-headers.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import type { ChannelOwner, ChannelSource } from './channel.js';
import type { DropCounter } from './drop-counter.js';
import type { EndpointOptions } from './endpoint-options.js';
import { EraProbe } from './era-probe.js';
import type { ExchangeReply } from './exchange-reply.js';
import type { HostExchange } from './host-exchange.js';
import type { InstanceRoom } from './instance-room.js';
import { ListenRouter } from './listen-router.js';
import { cutShort } from './lost-with-server.js';
import { startModernExchange } from './modern-exchange.js';
import { ModernHub } from './modern-hub.js';
import { ToolHeaders } from './tool-headers.js';
import { legacyOnly, unserved } from './version-refusals.js';

export interface ModernEndpointOptions {
  readonly source: ChannelSource;
  readonly endpoint: EndpointOptions;
  readonly drops: DropCounter;
  readonly room: InstanceRoom;
  /** Whose instance it is; nobody's where all users share it. */
  readonly owner: Pick<ChannelOwner, 'user' | 'credential'>;
}

export class ModernEndpoint {
  readonly #options: ModernEndpointOptions;
  readonly #probe: EraProbe;
  readonly #hub: ModernHub;
  readonly #listens: ListenRouter;
  readonly #toolHeaders: ToolHeaders;
  #roomMaking: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: ModernEndpointOptions) {
    const { source, endpoint, drops, owner } = options;
    this.#options = options;
    this.#probe = new EraProbe(source, endpoint, owner);
    const onBarren = (): void => {
      this.#probe.forget();
    };
    this.#hub = new ModernHub({ source, endpoint, drops, owner, onBarren });
    this.#listens = new ListenRouter(this.#hub, endpoint);
    this.#toolHeaders = new ToolHeaders({ hub: this.#hub, listens: this.#listens, endpoint });
  }

  get inFlightCount(): number {
    return this.#hub.inFlightCount;
  }

  get hasInstance(): boolean {
    return this.#hub.hasInstance;
  }

  get listenCount(): number {
    return this.#listens.listenCount;
  }

  /** Rejects with a GatewayError when nothing was begun. */
  async post(exchange: HostExchange, reply: ExchangeReply, message: ScannedMessage): Promise<void> {
    const { user } = exchange.request;
    const era = this.#probe.known() ?? (await this.#probeWithRoom(user));
    if (reply.isOver) return;
    // While it was waited for, a probe that was ended proves nothing.
    if (this.#isClosed) throw new GatewayError('GW_DRAINING');
    if (era === 'legacy') throw legacyOnly(message.protocolVersion);
    this.#checkVersion(message);
    if (message.kind === 'notification') this.#notify(exchange, reply, message);
    else if (this.#lacksRoom()) await this.#serveInItsTurn(exchange, reply, message);
    else await this.#serve(exchange, reply, message);
  }

  sweep(nowMs: number): void {
    this.#probe.sweep(nowMs);
    this.#hub.sweep(nowMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#probe.close();
    this.#listens.close();
    await this.#hub.close(cutShort());
  }

  #lacksRoom(): boolean {
    return !this.#hub.hasInstance && this.#options.source.isFull;
  }

  async #probeWithRoom(user: string): Promise<'legacy' | 'modern'> {
    if (this.#lacksRoom()) await this.#makeRoom(user);
    return this.#probe.find();
  }

  /** Requests that come together need one instance. */
  #makeRoom(user: string): Promise<void> {
    this.#roomMaking ??= this.#options.room.make(user).finally(() => {
      this.#roomMaking = null;
    });
    return this.#roomMaking;
  }

  /** Ours to refuse: a stdio server that was told its era once looks at no version again (SDK 2.4). */
  #checkVersion({ protocolVersion }: ScannedMessage): void {
    const versions = this.#probe.versions();
    if (protocolVersion === null || versions.includes(protocolVersion)) return;
    throw unserved(protocolVersion, versions);
  }

  #notify(exchange: HostExchange, reply: ExchangeReply, message: ScannedMessage): void {
    // Ids and tokens on the shared channel are ours: a client's could hit another client's request.
    if (!PRIVATE_NOTIFICATIONS.has(message.method)) {
      this.#hub.notify(message.bytes, exchange.request.user);
    }
    reply.empty(202);
  }

  async #serveInItsTurn(exchange: HostExchange, reply: ExchangeReply, message: ScannedMessage) {
    await this.#makeRoom(exchange.request.user);
    if (!reply.isOver) await this.#serve(exchange, reply, message);
  }

  async #serve(exchange: HostExchange, reply: ExchangeReply, message: ScannedMessage) {
    const { user, headers } = exchange.request;
    const clientId = requireId(message);
    if (message.method === 'subscriptions/listen') {
      this.#listens.listen({ message, clientId, user, reply });
      return;
    }
    if (message.method === 'tools/call') {
      await this.#toolHeaders.check(message, user, (name) => findHeader(headers, name));
      if (reply.isOver) return;
    }
    const silenceLimitMs = this.#options.endpoint.requestTimeoutMs;
    const hub = this.#hub;
    startModernExchange({ hub, message, clientId, user, reply, silenceLimitMs });
  }
}

/** Core notifications of a client: none has a meaning between modern peers over HTTP. */
const PRIVATE_NOTIFICATIONS = new Set([
  'notifications/cancelled',
  'notifications/progress',
  'notifications/initialized',
  'notifications/roots/list_changed',
]);

function requireId(message: ScannedMessage): JsonRpcId {
  if (message.kind === 'request' && message.id !== null) return message.id;
  throw new GatewayError('GW_BAD_REQUEST', {
    hint: 'Modern revisions have requests and notifications only, and a request\'s "id" is not null.',
  });
}
