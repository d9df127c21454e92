/**
 * All `subscriptions/listen` streams of one modern server. Listeners that ask for the same share one
 * subscription at the server, so that thousands of idle streams cost it a handful. Listening holds no
 * request slot; its own caps are those of sessions, whose place it takes in modern revisions.
 */
import { GatewayError } from '../kernel/errors.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import { ClientListener } from './client-listener.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { ExchangeReply } from './exchange-reply.js';
import { sharedFilterOf, toolsFilter, type ListenFilter } from './listen-filter.js';
import { ListenGroup, type Listener } from './listen-group.js';
import { rewriteIds } from './modern-exchange.js';
import type { ModernHub } from './modern-hub.js';
import { ownRequest } from './server-message.js';

export interface ListenRequest {
  readonly message: ScannedMessage;
  /** The message's id. */
  readonly clientId: JsonRpcId;
  readonly user: string;
  readonly reply: ExchangeReply;
}

const LISTEN = 'subscriptions/listen';

export class ListenRouter {
  readonly #hub: ModernHub;
  readonly #options: EndpointOptions;
  readonly #shared = new Map<string, ListenGroup>();
  readonly #groups = new Set<ListenGroup>();
  readonly #perUser = new Map<string, number>();
  #count = 0;

  constructor(hub: ModernHub, options: EndpointOptions) {
    this.#hub = hub;
    this.#options = options;
  }

  /** Clients that listen now. */
  get listenCount(): number {
    return this.#count;
  }

  /** Serves one client's listen. Throws a GatewayError when nothing was begun. */
  listen({ message, clientId, user, reply }: ListenRequest): void {
    this.#checkRoom(user);
    const listener = new ClientListener(reply, clientId);
    const filter = sharedFilterOf(message, user);
    const group =
      filter === null
        ? this.#begin(user, (id) => rewriteIds(message, id))
        : this.#sharedGroup(filter);
    this.#enter(user, 1);
    // Every end of a reply, by either side, is told here once.
    let isIn = true;
    const leave = (): void => {
      if (!isIn) return;
      isIn = false;
      this.#enter(user, -1);
    };
    const counted = endingWith(listener, leave);
    reply.onAbort(() => {
      leave();
      group.leave(counted);
    });
    group.join(counted);
  }

  /**
   * Hears for the gateway itself when tools change. Throws as `listen`. A client's subscription will do: some
   * servers (Go SDK 1.8) tell of a change on the newest one only, and that must not be ours.
   */
  watchTools(listener: Listener): void {
    const clients = [...this.#shared.values()].find((group) => group.hearsOfTools);
    if (clients === undefined) this.#sharedGroup(toolsFilter()).join(listener);
    else clients.joinAsGuest(listener);
  }

  /** Ends all streams in order: clients may listen again elsewhere. */
  close(): void {
    for (const group of [...this.#groups]) group.finish();
  }

  #checkRoom(user: string): void {
    const { maxSessions, maxSessionsPerUser } = this.#options;
    if ((this.#perUser.get(user) ?? 0) >= maxSessionsPerUser) {
      throw new GatewayError('GW_USER_BUSY', {
        hint: `A user may have ${maxSessionsPerUser} subscriptions to this server.`,
      });
    }
    if (this.#count >= maxSessions) {
      throw new GatewayError('GW_BULKHEAD_FULL', { hint: 'It has no room for a subscription.' });
    }
  }

  #enter(user: string, change: 1 | -1): void {
    this.#count += change;
    const count = (this.#perUser.get(user) ?? 0) + change;
    if (count === 0) this.#perUser.delete(user);
    else this.#perUser.set(user, count);
  }

  #sharedGroup({ notifications, shareKey, owner }: ListenFilter): ListenGroup {
    const known = this.#shared.get(shareKey);
    if (known !== undefined) return known;
    const group = this.#begin(owner, (id) => ownRequest(id, LISTEN, { notifications }), shareKey);
    // Not when the server answered or ended within the call.
    if (this.#groups.has(group)) this.#shared.set(shareKey, group);
    return group;
  }

  #begin(user: string, encode: (id: number) => Buffer, shareKey?: string): ListenGroup {
    const group = new ListenGroup({
      user,
      acknowledgeTimeoutMs: this.#options.requestTimeoutMs,
      onOver: (over) => {
        this.#groups.delete(over);
        if (shareKey !== undefined && this.#shared.get(shareKey) === over) {
          this.#shared.delete(shareKey);
        }
        if (over.id !== null) this.#hub.cancel(over.id, 'nobody listens');
      },
    });
    this.#groups.add(group);
    try {
      group.id = this.#hub.begin(group, encode);
    } catch (thrown) {
      this.#groups.delete(group);
      throw thrown;
    }
    // It may have ended within the call, when its id was not known yet.
    if (!this.#groups.has(group)) this.#hub.cancel(group.id, 'nobody listens');
    return group;
  }
}

/** The same listener, with `onEnd` called when its subscription is over. */
function endingWith(listener: Listener, onEnd: () => void): Listener {
  return {
    onAcknowledged: (notification) => {
      listener.onAcknowledged(notification);
    },
    onChange: (notification) => {
      listener.onChange(notification);
    },
    onResult: (result) => {
      onEnd();
      listener.onResult(result);
    },
    onRefused: (response) => {
      onEnd();
      listener.onRefused(response);
    },
    onLost: (error) => {
      onEnd();
      listener.onLost(error);
    },
  };
}
