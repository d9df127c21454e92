/**
 * What a `subscriptions/listen` asks for, and with whom it may share one subscription at the server.
 * Asking only whether lists changed concerns everybody alike. Resources are shared within a user: a
 * module may allow one user what it refuses another. Anything else (extensions) is not understood here
 * and goes through by itself.
 */
import { memberOf, paramsOf } from '../mcp/message-members.js';
import type { ScannedMessage } from '../mcp/scan-message.js';

const FLAGS = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const;
const URIS = 'resourceSubscriptions';

export interface ListenFilter {
  /** As it is sent to the server. */
  readonly notifications: Readonly<Record<string, unknown>>;
  /** Equal keys may share. */
  readonly shareKey: string;
  /** On whose behalf it is asked; empty for everybody's. */
  readonly owner: string;
}

/** Null when the request must go to the server as it came. */
export function sharedFilterOf(message: ScannedMessage, user: string): ListenFilter | null {
  const asked = memberOf(paramsOf(message), 'notifications');
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) return null;
  const notifications: Record<string, unknown> = {};
  for (const key of FLAGS) {
    const value = memberOf(asked, key);
    if (value === true) notifications[key] = true;
    else if (value !== undefined && value !== false) return null;
  }
  const known = new Set<string>([...FLAGS, URIS]);
  if (Object.keys(asked).some((key) => !known.has(key))) return null;
  const uris = memberOf(asked, URIS);
  if (uris === undefined) return everybodys(notifications);
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string')) return null;
  notifications[URIS] = [...new Set(uris)].sort();
  return { notifications, shareKey: JSON.stringify([user, notifications]), owner: user };
}

/** The gateway's own interest. */
export function toolsFilter(): ListenFilter {
  return everybodys({ toolsListChanged: true });
}

function everybodys(notifications: Readonly<Record<string, unknown>>): ListenFilter {
  return { notifications, shareKey: JSON.stringify(notifications), owner: '' };
}
