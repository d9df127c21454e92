/**
 * What single users may do on single servers: a permission or a refusal, with tools and limits of their
 * own. Where a user has no grant for a server, the user's credential and the configuration decide.
 */
import { callLimitsIn, toolRulesIn, type CallLimits, type ToolRules } from './access-rules.js';
import type { RecordTable, StoredRecord } from './record-table.js';
import { isRow, textOf } from './stored-row.js';

export interface Grant {
  readonly user: string;
  /** A server's name, or `*` for every server that has no grant of its own for this user. */
  readonly server: string;
  readonly effect: 'allow' | 'deny';
  /** Null = every tool. */
  readonly tools: ToolRules | null;
  /** Of this user on this server, over all its keys and tokens; null = none of its own. */
  readonly limits: CallLimits | null;
  /** ISO 8601. */
  readonly updatedAt: string;
}

/** Every change moves the identity version. */
export interface GrantStore {
  /** Puts the grant in the place of the one the user had for the server. */
  set(grant: Grant): Promise<void>;
  /** False when there was none. */
  remove(user: string, server: string): Promise<boolean>;
  /** At most 1000. */
  ofUser(user: string): Promise<Grant[]>;
  /** By user, then server; at most `limit` (default 1000) after the given one. */
  list(page?: {
    readonly after?: Pick<Grant, 'user' | 'server'> | undefined;
    readonly limit?: number | undefined;
  }): Promise<Grant[]>;
}

export function createGrants(table: RecordTable): GrantStore {
  return {
    async set(grant) {
      const { user, server, effect, tools, limits, updatedAt } = grant;
      await table.put([user, server], { effect, tools, limits, updatedAt });
    },
    remove: (user, server) => table.delete([user, server]),
    async ofUser(user) {
      return (await table.list({ within: [user] })).map(grantOf);
    },
    async list({ after, limit } = {}) {
      const from = after === undefined ? undefined : [after.user, after.server];
      return (await table.list({ after: from, limit })).map(grantOf);
    },
  };
}

/** A damaged grant is an error: read as "none" it would lift a refusal. */
function grantOf({ key: [user = '', server = ''], value }: StoredRecord): Grant {
  if (!isRow(value)) throw new Error('grants gave no record');
  const { effect } = value;
  if (effect !== 'allow' && effect !== 'deny') throw new Error('a grant has no effect');
  return {
    user,
    server,
    effect,
    tools: toolRulesIn(value['tools']),
    limits: callLimitsIn(value['limits']),
    updatedAt: textOf(value, 'updatedAt'),
  };
}
