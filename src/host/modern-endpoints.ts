/**
 * Modern revisions for one server, by who may share an instance: everybody, or, where users have credentials
 * of their own for the server, each user alone, because an instance acts under what it was opened with. A
 * user's instance ends when it is unused for a while, and at once when its credential is another.
 */
import { GatewayError } from '../kernel/errors.js';
import type { ScannedMessage } from '../mcp/scan-message.js';
import type { ExchangeReply } from './exchange-reply.js';
import type { HostExchange } from './host-exchange.js';
import type { EndableInstance } from './instance-room.js';
import { ModernEndpoint, type ModernEndpointOptions } from './modern-endpoint.js';

interface OfUser {
  readonly credential: string;
  readonly endpoint: ModernEndpoint;
  lastUsedAtMs: number;
}

export class ModernEndpoints {
  readonly #options: Omit<ModernEndpointOptions, 'owner'>;
  readonly #shared: ModernEndpoint;
  readonly #ofUsers = new Map<string, OfUser>();
  /** Ended, but not yet gone. */
  readonly #closing = new Set<Promise<void>>();

  constructor(options: Omit<ModernEndpointOptions, 'owner'>) {
    this.#options = options;
    this.#shared = new ModernEndpoint({ ...options, owner: { user: '', credential: null } });
  }

  get inFlightCount(): number {
    return this.#sum(({ inFlightCount }) => inFlightCount);
  }

  get listenCount(): number {
    return this.#sum(({ listenCount }) => listenCount);
  }

  /** Rejects with a GatewayError when nothing was begun. */
  async post(exchange: HostExchange, reply: ExchangeReply, message: ScannedMessage): Promise<void> {
    const { user, credential } = exchange.request;
    const endpoint = credential === null ? this.#shared : this.#endpointOf(user, credential);
    await endpoint.post(exchange, reply, message);
  }

  /** Those of single users; what all share is nobody's to give up. */
  *instances(): Iterable<EndableInstance> {
    for (const [user, { endpoint, lastUsedAtMs }] of this.#ofUsers) {
      if (!endpoint.hasInstance) continue;
      yield {
        user,
        isBusy: endpoint.inFlightCount > 0,
        isListening: endpoint.listenCount > 0,
        isStateless: true,
        lastUsedAtMs,
        end: async () => {
          this.#options.endpoint.onRemoved?.('instance');
          await this.#end(user);
        },
      };
    }
  }

  sweep(nowMs: number): void {
    this.#shared.sweep(nowMs);
    const { sessionIdleMs } = this.#options.endpoint;
    for (const [user, ofUser] of [...this.#ofUsers]) {
      const { endpoint } = ofUser;
      endpoint.sweep(nowMs);
      if (endpoint.inFlightCount + endpoint.listenCount > 0) ofUser.lastUsedAtMs = nowMs;
      else if (nowMs - ofUser.lastUsedAtMs >= sessionIdleMs) {
        if (endpoint.hasInstance) this.#options.endpoint.onRemoved?.('instance');
        this.forgetUser(user);
      }
    }
  }

  /** Ends the user's own instance; what is in flight on it is lost. */
  forgetUser(user: string): void {
    void this.#end(user);
  }

  /** Resolves when nothing is left of it. */
  #end(user: string): Promise<void> {
    const ofUser = this.#ofUsers.get(user);
    if (ofUser === undefined) return Promise.resolve();
    this.#ofUsers.delete(user);
    const closing: Promise<void> = ofUser.endpoint
      .close()
      .catch((err: unknown) => {
        const { log } = this.#options.endpoint;
        log.warn({ err }, 'an instance of the server did not close');
      })
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    return closing;
  }

  async close(): Promise<void> {
    for (const user of [...this.#ofUsers.keys()]) this.forgetUser(user);
    await Promise.all([this.#shared.close(), ...this.#closing]);
  }

  /** Throws GW_BULKHEAD_FULL when as many users have one as sessions are allowed. */
  #endpointOf(user: string, credential: string): ModernEndpoint {
    const nowMs = this.#options.endpoint.now();
    const known = this.#ofUsers.get(user);
    if (known?.credential === credential) {
      known.lastUsedAtMs = nowMs;
      return known.endpoint;
    }
    this.forgetUser(user);
    if (this.#ofUsers.size >= this.#options.endpoint.maxSessions) {
      throw new GatewayError('GW_BULKHEAD_FULL', { hint: 'It has no room for another user.' });
    }
    const endpoint = new ModernEndpoint({ ...this.#options, owner: { user, credential } });
    this.#ofUsers.set(user, { credential, endpoint, lastUsedAtMs: nowMs });
    return endpoint;
  }

  #sum(count: (endpoint: ModernEndpoint) => number): number {
    let sum = count(this.#shared);
    for (const { endpoint } of this.#ofUsers.values()) sum += count(endpoint);
    return sum;
  }
}
