/**
 * The one instance of a modern server that all users share. Every request has an integer of ours on the
 * channel, never used again, so that no late or invented answer can reach another exchange
 * (CVE-2026-25536). What the server says beside responses is passed on only when it is certain for whom
 * it is: one client's bytes never reach another's response.
 * Source: MCP 2026-07-28 basic/transports; PROTOCOL §5 on shared stdio channels.
 */
import { GatewayError } from '../kernel/errors.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import { addresseeOf, type HubWaiter, type InFlight } from './addressee.js';
import type { ChannelOwner, ChannelSource } from './channel.js';
import type { DropCounter } from './drop-counter.js';
import type { EndpointOptions } from './endpoint-options.js';
import { Instance } from './instance.js';
import { lostWithServer } from './lost-with-server.js';
import { readServerMessage, refusal } from './server-message.js';

export interface ModernHubOptions {
  readonly source: ChannelSource;
  readonly endpoint: EndpointOptions;
  readonly drops: DropCounter;
  readonly owner: Pick<ChannelOwner, 'user' | 'credential'>;
  /** An instance ended without a single answer: what was believed of the server may be wrong. */
  readonly onBarren: () => void;
}

export class ModernHub {
  readonly #options: ModernHubOptions;
  readonly #inFlight = new Map<number, InFlight>();
  #instance: Instance | null = null;
  /** The present instance has answered something. */
  #hasAnswered = false;
  #lastId = 0;
  #lastUsedAtMs = -Infinity;
  #isClosed = false;

  constructor(options: ModernHubOptions) {
    this.#options = options;
  }

  get inFlightCount(): number {
    let count = 0;
    for (const { waiter } of this.#inFlight.values()) if (waiter.kind === 'request') count += 1;
    return count;
  }

  get hasInstance(): boolean {
    return this.#instance !== null;
  }

  /**
   * Sends a request and returns its id on the channel. `encode` gives its bytes for that id. Throws a
   * GatewayError when it was not sent, because the server cannot be opened or takes nothing.
   */
  begin(waiter: HubWaiter, encode: (id: number) => Buffer): number {
    const instance = this.#openInstance();
    this.#lastId += 1;
    const id = this.#lastId;
    this.#inFlight.set(id, { waiter, lastActiveAtMs: this.#options.endpoint.now() });
    instance.send(encode(id), waiter.user, id);
    return id;
  }

  /** Nobody waits any more: the server is told, a late response is dropped. No effect once it is over. */
  cancel(id: number, reason: string): void {
    const inFlight = this.#take(id);
    if (inFlight === undefined || this.#instance?.withdraw(id) !== false) return;
    this.#instance.cancel(id, inFlight.waiter.user, reason);
  }

  /** Sends a notification. Throws as `begin`. */
  notify(bytes: Buffer, user: string): void {
    this.#openInstance().send(bytes, user);
  }

  /** A request of the gateway's own. Rejects with a GatewayError; resolves with errors of the server too. */
  call(user: string, encode: (id: number) => Buffer): Promise<ScannedMessage> {
    return new Promise((resolve, reject) => {
      const waiter: HubWaiter = {
        user,
        kind: 'internal',
        wantsLogs: false,
        silenceLimitMs: this.#options.endpoint.probeTimeoutMs,
        onNotification: () => undefined,
        onResponse: resolve,
        onLost: reject,
      };
      this.begin(waiter, encode);
    });
  }

  sweep(nowMs: number): void {
    for (const [id, { waiter, lastActiveAtMs }] of [...this.#inFlight]) {
      if (nowMs - lastActiveAtMs < waiter.silenceLimitMs) continue;
      this.cancel(id, 'deadline');
      const hint = 'Whether the request was carried out is unknown.';
      waiter.onLost(new GatewayError('GW_UPSTREAM_TIMEOUT', { hint }));
    }
    this.#endIfIdle(nowMs);
  }

  /** The next request opens another instance. */
  #endIfIdle(nowMs: number): void {
    const { endpoint } = this.#options;
    const instance = this.#instance;
    if (this.#inFlight.size > 0) this.#lastUsedAtMs = nowMs;
    if (instance === null || nowMs - this.#lastUsedAtMs < (endpoint.sharedIdleMs ?? Infinity)) {
      return;
    }
    this.#instance = null;
    endpoint.onRemoved?.('instance');
    instance.close().catch((err: unknown) => {
      endpoint.log.warn({ err }, 'an idle instance did not close');
    });
  }

  /** Ends the instance; what is in flight is lost with `error`. Idempotent. */
  async close(error: GatewayError): Promise<void> {
    this.#isClosed = true;
    const instance = this.#instance;
    this.#instance = null;
    for (const { waiter } of this.#takeAll()) waiter.onLost(error);
    await instance?.close();
  }

  // --- the instance ---

  /** Throws while draining, when it cannot be opened (the source rests one that fails), or is full. */
  #openInstance(): Instance {
    if (this.#isClosed) throw new GatewayError('GW_DRAINING');
    this.#lastUsedAtMs = this.#options.endpoint.now();
    const instance = (this.#instance ??= this.#open());
    if (instance.isFull) {
      throw new GatewayError('GW_BULKHEAD_FULL', { hint: 'It takes no messages now.' });
    }
    return instance;
  }

  #open(): Instance {
    const { source } = this.#options;
    this.#hasAnswered = false;
    const instance: Instance = new Instance({
      source,
      owner: { purpose: 'shared', ...this.#options.owner },
      era: 'modern',
      events: {
        onMessage: (bytes, relatedId) => {
          this.#onMessage(bytes, relatedId);
        },
        // Modern streams cannot be resumed: there is nothing to poll for.
        onStreamClosed: () => undefined,
        onLost: (cause) => {
          this.#onLost(instance, cause);
        },
      },
    });
    return instance;
  }

  #onLost(instance: Instance, cause: GatewayError): void {
    this.#instance = null;
    const { endpoint, onBarren } = this.#options;
    if (!this.#hasAnswered) onBarren();
    endpoint.log.warn({ err: cause }, 'the shared server went away');
    for (const [id, { waiter }] of [...this.#inFlight]) {
      this.#inFlight.delete(id);
      waiter.onLost(instance.withdraw(id) ? notSent(cause) : lostWithServer(cause));
    }
  }

  // --- what the server says ---

  #onMessage(bytes: Buffer, relatedId: JsonRpcId | undefined): void {
    const read = readServerMessage(bytes);
    if (read.kind === 'malformed') {
      this.#options.drops.count('malformed', read.reason);
      this.#take(read.id)?.waiter.onLost(new GatewayError('GW_UPSTREAM_PROTOCOL'));
      return;
    }
    const { message } = read;
    switch (message.kind) {
      case 'response':
        this.#onResponse(message);
        return;
      case 'request':
        this.#refuse(message);
        return;
      case 'notification':
        this.#onNotification(message, relatedId);
    }
  }

  #onResponse(message: ScannedMessage): void {
    this.#hasAnswered = true;
    const inFlight = this.#take(message.id);
    if (inFlight === undefined) this.#options.drops.count('unknown-response', String(message.id));
    else inFlight.waiter.onResponse(message);
  }

  /** Modern servers must not ask; and a question says not whom it is for. */
  #refuse(message: ScannedMessage): void {
    this.#options.drops.count('server-request', message.method);
    if (message.id === null || this.#instance?.isFull !== false) return;
    this.#instance.send(refusal(message.id), '');
  }

  #onNotification(message: ScannedMessage, relatedId: JsonRpcId | undefined): void {
    const inFlight = addresseeOf(message, relatedId, this.#inFlight);
    if (inFlight === undefined) {
      this.#options.drops.count('unattributable', message.method);
      return;
    }
    inFlight.lastActiveAtMs = this.#options.endpoint.now();
    inFlight.waiter.onNotification(message);
  }

  #take(id: JsonRpcId | null): InFlight | undefined {
    if (typeof id !== 'number') return undefined;
    const inFlight = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    return inFlight;
  }

  #takeAll(): InFlight[] {
    const all = [...this.#inFlight.values()];
    this.#inFlight.clear();
    return all;
  }
}

function notSent(cause: GatewayError): GatewayError {
  // Not the server's doing, so it must not look like it.
  if (cause.code === 'GW_SHED') return cause;
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', {
    hint: 'It went away before the request was sent.',
    log: { sent: false },
    cause,
  });
}
