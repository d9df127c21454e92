/**
 * Whom a notification of a shared modern server is for. It is passed on only where that is certain,
 * because a wrong guess would show one user another's data: progress by its token, changes by their
 * subscription, log lines by exclusion.
 * Source: PROTOCOL §5 on shared stdio channels; MCP 2026-07-28 (progress, logging, subscriptions).
 */
import type { GatewayError } from '../kernel/errors.js';
import { subscriptionIdOf } from '../mcp/message-members.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';

/** Somebody who waits for messages about one request of theirs. */
export interface HubWaiter {
  readonly user: string;
  readonly kind: 'request' | 'listen' | 'internal';
  /** The request allows `notifications/message`. */
  readonly wantsLogs: boolean;
  /** Longest silence about the request; Infinity for none. */
  readonly silenceLimitMs: number;
  onNotification(message: ScannedMessage): void;
  /** The last call; so is `onLost`. Exactly one of them is made unless the request is cancelled. */
  onResponse(message: ScannedMessage): void;
  onLost(error: GatewayError): void;
}

export interface InFlight {
  readonly waiter: HubWaiter;
  lastActiveAtMs: number;
}

type AllInFlight = ReadonlyMap<number, InFlight>;

/** They belong on subscriptions only, even when a call caused them. */
const CHANGES = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
]);

/** Undefined when it is for nobody, or not certain. `relatedId`: the cause, where the channel knows it. */
export function addresseeOf(
  message: ScannedMessage,
  relatedId: JsonRpcId | undefined,
  all: AllInFlight,
): InFlight | undefined {
  const { method } = message;
  if (method === 'notifications/progress') return find(all, 'request', message.progressOf);
  if (method === 'notifications/message') return logAddressee(relatedId, all);
  if (method === 'notifications/cancelled') return find(all, 'listen', message.cancelledId);
  const subscription = subscriptionIdOf(message);
  if (subscription !== null) return find(all, 'listen', subscription);
  return CHANGES.has(method) ? undefined : find(all, 'request', relatedId ?? null);
}

/**
 * A stdio server does not say which request a log line is about. It may only be about one that allows
 * logs; but a careless server logs for others too, so none of another user's may be in flight.
 */
function logAddressee(relatedId: JsonRpcId | undefined, all: AllInFlight): InFlight | undefined {
  if (relatedId !== undefined) {
    const related = find(all, 'request', relatedId);
    return related?.waiter.wantsLogs === true ? related : undefined;
  }
  let only: InFlight | undefined;
  let user: string | undefined;
  for (const inFlight of all.values()) {
    const { waiter } = inFlight;
    if (waiter.kind !== 'request') continue;
    user ??= waiter.user;
    if (waiter.user !== user) return undefined;
    if (!waiter.wantsLogs) continue;
    if (only !== undefined) return undefined;
    only = inFlight;
  }
  return only;
}

function find(
  all: AllInFlight,
  kind: HubWaiter['kind'],
  id: JsonRpcId | null,
): InFlight | undefined {
  const inFlight = typeof id === 'number' ? all.get(id) : undefined;
  return inFlight?.waiter.kind === kind ? inFlight : undefined;
}
