/**
 * One `subscriptions/listen` at the server and everybody who shares it. The server's acknowledgement is
 * the first thing each listener gets, also one that joins later; afterwards each change goes to all,
 * named with the listener's own subscription id.
 * Source: MCP 2026-07-28 "Subscriptions".
 */
import { GatewayError } from '../kernel/errors.js';
import { memberOf, SUBSCRIPTION_ID } from '../mcp/message-members.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import type { HubWaiter } from './addressee.js';

/** One who listens. `onAcknowledged` comes first unless it is `onRefused`; at most one end comes, last. */
export interface Listener {
  onAcknowledged(notification: Notification): void;
  onChange(notification: Notification): void;
  /** The server ended it in order. `result` still names the server's subscription. */
  onResult(result: unknown): void;
  /** The server answered with an error. */
  onRefused(response: ScannedMessage): void;
  /** The server is gone, or did not acknowledge in time. */
  onLost(error: GatewayError): void;
}

/** A parsed notification; `addressedTo` gives it a listener's subscription id. */
export interface Notification {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ListenGroupOptions {
  readonly user: string;
  readonly acknowledgeTimeoutMs: number;
  /** It is over, from the server's side or because nobody listens: nobody may join any more. */
  readonly onOver: (group: ListenGroup) => void;
}

export class ListenGroup implements HubWaiter {
  readonly kind = 'listen';
  readonly wantsLogs = false;
  readonly user: string;
  /** Id of the subscription at the server; set once it is begun. */
  id: number | null = null;
  readonly #options: ListenGroupOptions;
  readonly #listeners = new Set<Listener>();
  /** They hear what the listeners hear, and keep nothing alive. */
  readonly #guests = new Set<Listener>();
  #acknowledgement: Notification | null = null;
  /** How it ended, for who joins a moment too late. */
  #epilogue: ((listener: Listener) => void) | null = null;

  constructor(options: ListenGroupOptions) {
    this.user = options.user;
    this.#options = options;
  }

  /** A subscription is silent by nature; only its acknowledgement is waited for. */
  get silenceLimitMs(): number {
    return this.#acknowledgement === null ? this.#options.acknowledgeTimeoutMs : Infinity;
  }

  /** The server tells it when the list of tools changes. */
  get hearsOfTools(): boolean {
    return memberOf(this.#acknowledgement?.params['notifications'], 'toolsListChanged') === true;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  join(listener: Listener): void {
    if (this.#epilogue === null) this.#listeners.add(listener);
    if (this.#acknowledgement !== null) listener.onAcknowledged(this.#acknowledgement);
    this.#epilogue?.(listener);
  }

  /** For a subscription that is acknowledged. `onResult` comes when the last listener has left, too. */
  joinAsGuest(listener: Listener): void {
    this.#guests.add(listener);
  }

  leave(listener: Listener): void {
    if (this.#listeners.delete(listener) && this.isEmpty) this.finish();
  }

  onNotification(message: ScannedMessage): void {
    if (message.method === 'notifications/cancelled') {
      this.onLost(new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint: 'It ended the stream.' }));
      return;
    }
    const notification = parse(message);
    if (message.method === ACKNOWLEDGED) this.#onAcknowledged(notification);
    else for (const listener of this.#all()) listener.onChange(notification);
  }

  onResponse(message: ScannedMessage): void {
    const body: unknown = JSON.parse(message.bytes.toString());
    this.#end((listener) => {
      if (message.isError) listener.onRefused(message);
      else listener.onResult(memberOf(body, 'result'));
    });
  }

  onLost(error: GatewayError): void {
    this.#end((listener) => {
      listener.onLost(error);
    });
  }

  /** Ends it in order from our side. */
  finish(): void {
    this.#end((listener) => {
      listener.onResult({ resultType: 'complete' });
    });
  }

  #onAcknowledged(notification: Notification): void {
    if (this.#acknowledgement !== null) return;
    this.#acknowledgement = notification;
    for (const listener of [...this.#listeners]) listener.onAcknowledged(notification);
    // The server honours nothing of it: nothing will ever come (the SDK's HTTP server ends it too).
    const honoured = notification.params['notifications'];
    if (typeof honoured === 'object' && honoured !== null && Object.keys(honoured).length === 0) {
      this.finish();
    }
  }

  #all(): Listener[] {
    return [...this.#listeners, ...this.#guests];
  }

  #end(tell: (listener: Listener) => void): void {
    if (this.#epilogue !== null) return;
    this.#epilogue = tell;
    const listeners = this.#all();
    this.#listeners.clear();
    this.#guests.clear();
    this.#options.onOver(this);
    listeners.forEach(tell);
  }
}

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

function parse(message: ScannedMessage): Notification {
  const body: unknown = JSON.parse(message.bytes.toString());
  const params = memberOf(body, 'params');
  return {
    method: message.method,
    params: typeof params === 'object' && params !== null ? { ...params } : {},
  };
}

/** The bytes of a notification for the listener whose request was `subscriptionId`. */
export function addressedTo(notification: Notification, subscriptionId: JsonRpcId): Buffer {
  const params = { ...notification.params, _meta: named(notification.params, subscriptionId) };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: notification.method, params }));
}

/** The bytes of the result that ends a subscription in order. */
export function resultFor(result: unknown, subscriptionId: JsonRpcId): Buffer {
  const members = typeof result === 'object' && result !== null ? result : {};
  const own = { ...members, _meta: named(members, subscriptionId) };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: subscriptionId, result: own }));
}

function named(holder: object, subscriptionId: JsonRpcId): Record<string, unknown> {
  const meta = memberOf(holder, '_meta');
  const members = typeof meta === 'object' && meta !== null ? meta : {};
  return { ...members, [SUBSCRIPTION_ID]: subscriptionId };
}
