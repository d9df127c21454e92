/**
 * Grants (which user may do what on which server) and the audit trail, for operators. Needs only the store:
 * the primary offers it over the socket, the command line uses it directly when no gateway runs.
 */
import { serverNameProblem } from '../../config/server-name.js';
import { wallDate } from '../kernel/clock.js';
import type { AuditEntry } from '../store/event-log.js';
import type { Grant } from '../store/grants.js';
import type { Store } from '../store/store.js';
import { checkLimits, checkToolRules, limitsIn, toolRulesIn } from './access-input.js';
import { checkUser, membersOf, refused, textIn } from './input-members.js';

export type SetGrantInput = Omit<Grant, 'updatedAt'>;

export interface GrantPage {
  /** Of this user only, all of them. */
  readonly user?: string | undefined;
  readonly after?: Pick<Grant, 'user' | 'server'> | undefined;
}

export interface AuditPage {
  readonly beforeId?: string | undefined;
  /** Default and maximum 1000. */
  readonly limit?: number | undefined;
}

export type AuditView = AuditEntry & { readonly id: string };

export interface GrantOperations {
  setGrant(input: SetGrantInput): Promise<Grant>;
  /** False when there was none. */
  removeGrant(user: string, server: string): Promise<boolean>;
  /** At most 1000 at a time. */
  listGrants(page: GrantPage): Promise<readonly Grant[]>;
  /** Newest first. */
  listAudit(page: AuditPage): Promise<readonly AuditView[]>;
}

export interface GrantOperationsOptions {
  readonly store: Pick<Store, 'grants' | 'audit'>;
  /** Resolves when every worker has forgotten what it knew of grants. Absent where no gateway runs. */
  readonly onChanged?: () => Promise<void>;
}

export function createGrantOperations({
  store,
  onChanged,
}: GrantOperationsOptions): GrantOperations {
  return {
    async setGrant(input) {
      checkUser(input.user);
      checkServer(input.server);
      checkToolRules(input.tools);
      checkLimits(input.limits);
      const grant: Grant = { ...input, updatedAt: wallDate().toISOString() };
      await store.grants.set(grant);
      await onChanged?.();
      return grant;
    },
    async removeGrant(user, server) {
      const isRemoved = await store.grants.remove(user, server);
      // Told even when there was none: an earlier broadcast may have been lost.
      await onChanged?.();
      return isRemoved;
    },
    listGrants: ({ user, after }) =>
      user === undefined ? store.grants.list({ after }) : store.grants.ofUser(user),
    listAudit: (page) => store.audit.list(page),
  };
}

/** Servers that are not there yet may be granted; `*` is every server without a grant of its own. */
function checkServer(server: string): void {
  if (server === '*' || serverNameProblem(server) === null) return;
  throw refused(`server: ${JSON.stringify(server)} is no usable server name, nor *`);
}

export function readGrantInput(json: unknown): SetGrantInput {
  const members = membersOf(json, ['user', 'server', 'effect', 'tools', 'limits']);
  const effect = members['effect'] ?? 'allow';
  if (effect !== 'allow' && effect !== 'deny') throw refused('effect must be allow or deny');
  return {
    user: textIn(members, 'user'),
    server: textIn(members, 'server'),
    effect,
    tools: toolRulesIn(members),
    limits: limitsIn(members),
  };
}

/** From `?user=…&server=…`. */
export function readGrantBinding(query: URLSearchParams): { user: string; server: string } {
  const user = query.get('user');
  const server = query.get('server');
  if (user === null || server === null) throw refused('user and server are needed');
  return { user, server };
}

export function readGrantPage(query: URLSearchParams): GrantPage {
  const [user, server] = [query.get('afterUser'), query.get('afterServer')];
  return {
    user: query.get('user') ?? undefined,
    after: user === null || server === null ? undefined : { user, server },
  };
}

export function readAuditPage(query: URLSearchParams): AuditPage {
  const limit = query.get('limit');
  return {
    beforeId: query.get('beforeId') ?? undefined,
    limit: limit === null ? undefined : Number(limit),
  };
}
