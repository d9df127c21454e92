/**
 * Writes every administrative change into the audit trail: who, when, what, never a secret. The table of what
 * is recorded stands here, so that one look tells whether an operation is; what only reads is not.
 */
import { wallDate } from '../kernel/clock.js';
import { asGatewayError, type GatewayError } from '../kernel/errors.js';
import type { AuditEntry, EventLog } from '../store/event-log.js';
import type { CredentialOperations } from './credential-operations.js';
import type { GrantOperations } from './grant-operations.js';
import type { IdentityOperations } from './identity-operations.js';
import type { AdminOperations } from './operations.js';

/** One change as its maker tells it; instant and actor are added. */
export type Change = Pick<AuditEntry, 'action' | 'target'> & Partial<Pick<AuditEntry, 'detail'>>;

export interface Auditor {
  record(change: Change): Promise<void>;
}

export interface AuditorOptions {
  readonly audit: Pick<EventLog<AuditEntry>, 'append'>;
  /** Who asks, such as `ana (uid 1000)`. */
  readonly actor: string;
  /** A change that happened is not undone because it could not be recorded; but somebody must hear of it. */
  readonly onError: (error: GatewayError, change: Change) => void;
}

/** Records never reject. */
export function createAuditor({ audit, actor, onError }: AuditorOptions): Auditor {
  return {
    async record(change) {
      const at = wallDate().toISOString();
      try {
        await audit.append({ detail: {}, ...change, at, actor });
      } catch (thrown) {
        onError(asGatewayError(thrown), change);
      }
    },
  };
}

/** The operations, each change of which is recorded once it has happened. */
export function auditedOperations(operations: AdminOperations, auditor: Auditor): AdminOperations {
  const after = recorder(auditor);
  // No spread of all: an operation that is new must be judged here before this compiles.
  return {
    ...auditedIdentity(operations, auditor),
    addServer: (input) =>
      after(operations.addServer(input), ({ name, kind, from, enabled, replaced }) => {
        return { action: 'servers.add', target: name, detail: { kind, from, enabled, replaced } };
      }),
    removeServer: (name) =>
      after(operations.removeServer(name), () => ({ action: 'servers.remove', target: name })),
    switchServer: (name, isEnabled) =>
      after(operations.switchServer(name, isEnabled), (isChanged) =>
        isChanged
          ? { action: isEnabled ? 'servers.enable' : 'servers.disable', target: name }
          : null,
      ),
    approveTools: (server, tool) =>
      after(operations.approveTools(server, tool), ({ approved }) =>
        approved.length === 0
          ? null
          : { action: 'servers.approve', target: server, detail: { tools: approved } },
      ),
    restartWorkers: () =>
      after(operations.restartWorkers(), () => ({ action: 'workers.restart', target: 'gateway' })),
    reload: () =>
      after(operations.reload(), ({ ok, version, summary }) => {
        // What is wrong with a file may quote it, secrets included; that much is in the answer alone.
        const detail = ok ? { ok, version, summary } : { ok, version };
        return { action: 'config.reload', target: 'gateway', detail };
      }),
    restartServer: (name) =>
      after(operations.restartServer(name), (isRestarted) =>
        isRestarted ? { action: 'servers.restart', target: name } : null,
      ),
    setLogLevel: (input) =>
      after(operations.setLogLevel(input), ({ level, resetsAt }) => {
        return { action: 'log-level.set', target: 'gateway', detail: { level, resetsAt } };
      }),
    restartState: () => operations.restartState(),
    status: () => operations.status(),
    health: () => operations.health(),
    listServers: () => operations.listServers(),
    testServer: (name) => operations.testServer(name),
    logLevel: () => operations.logLevel(),
    listAlerts: (all) => operations.listAlerts(all),
    testAlerts: () => operations.testAlerts(),
  };
}

/** As auditedOperations, for the part that needs no gateway. */
export function auditedIdentity(
  operations: IdentityOperations & GrantOperations & CredentialOperations,
  auditor: Auditor,
): IdentityOperations & GrantOperations & CredentialOperations {
  const after = recorder(auditor);
  return {
    createKey: (input) =>
      after(operations.createKey(input), ({ id }) => {
        const { user, servers, tools, limits, isAdmin, label, expiresInSeconds } = input;
        const detail = { user, servers, tools, limits, isAdmin, label, expiresInSeconds };
        return { action: 'keys.create', target: id, detail };
      }),
    updateKey: (id, change) =>
      after(operations.updateKey(id, change), (key) =>
        key === null ? null : { action: 'keys.update', target: id, detail: { ...change } },
      ),
    revokeKey: (id) =>
      after(operations.revokeKey(id), (isRevoked) =>
        isRevoked ? { action: 'keys.revoke', target: id } : null,
      ),
    mintToken: (input) =>
      after(operations.mintToken(input), ({ expiresAt }) => {
        const detail = { servers: input.servers, expiresAt };
        return { action: 'tokens.mint', target: input.user, detail };
      }),
    setGrant: (input) =>
      after(operations.setGrant(input), ({ user, server, effect, tools, limits }) => {
        const detail = { effect, tools, limits };
        return { action: 'grants.set', target: `${user}@${server}`, detail };
      }),
    removeGrant: (user, server) =>
      after(operations.removeGrant(user, server), (isRemoved) =>
        isRemoved ? { action: 'grants.remove', target: `${user}@${server}` } : null,
      ),
    setCredential: (input) =>
      after(operations.setCredential(input), ({ user, server }) => ({
        action: 'credentials.set',
        target: `${user}@${server}`,
      })),
    removeCredential: (binding) =>
      after(operations.removeCredential(binding), (isRemoved) =>
        isRemoved
          ? { action: 'credentials.remove', target: `${binding.user}@${binding.server}` }
          : null,
      ),
    rotateCredentials: () =>
      after(operations.rotateCredentials(), ({ rotated, upToDate, unreadable, servers }) => ({
        action: 'credentials.rotate',
        target: 'all',
        detail: { rotated, upToDate, unreadable: unreadable.length, servers: servers.rotated },
      })),
    listCredentials: (page) => operations.listCredentials(page),
    listKeys: (input) => operations.listKeys(input),
    listGrants: (page) => operations.listGrants(page),
    listAudit: (page) => operations.listAudit(page),
  };
}

/** Null from `tell` means that nothing changed. */
function recorder(auditor: Auditor) {
  return async <Result>(
    done: Promise<Result>,
    tell: (result: Result) => Change | null,
  ): Promise<Result> => {
    const result = await done;
    const change = tell(result);
    if (change !== null) await auditor.record(change);
    return result;
  };
}
