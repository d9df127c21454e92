/** Keys and tokens through the running gateway, so that its workers hear of it; without one, directly. */
import type { GrantPage, SetGrantInput } from '../admin/grant-operations.js';
import type { CreateKeyInput, MintTokenInput, UpdateKeyInput } from '../admin/operations.js';
import { askGateway, type AdminCall } from './admin-client.js';
import {
  expect,
  isAuditView,
  isCreatedKey,
  isGrant,
  isKeyUpdate,
  isKeyView,
  isMintedToken,
  isRemoval,
  isRevocation,
  listOf,
} from './admin-replies.js';
import type { LocalOperations } from './compose.js';
import type { CliSettings } from './settings.js';

type Call = Omit<AdminCall, 'socketPath'>;

export class IdentityAccess {
  readonly #settings: CliSettings;

  constructor(settings: CliSettings) {
    this.#settings = settings;
  }

  createKey(input: CreateKeyInput) {
    return this.#either(
      { method: 'POST', path: '/keys', body: input },
      (json) => expect(isCreatedKey, json),
      (operations) => operations.createKey(input),
    );
  }

  listKeys(afterId: string | undefined) {
    const query = afterId === undefined ? '' : `?afterId=${encodeURIComponent(afterId)}`;
    return this.#either(
      { method: 'GET', path: `/keys${query}` },
      (json) => expect(listOf(isKeyView), json),
      (operations) => operations.listKeys({ afterId }),
    );
  }

  /** Null when there is no such key or it is revoked. */
  updateKey(id: string, change: UpdateKeyInput) {
    return this.#either(
      { method: 'PATCH', path: `/keys/${encodeURIComponent(id)}`, body: change },
      (json) => expect(isKeyUpdate, json).key,
      (operations) => operations.updateKey(id, change),
    );
  }

  /** False when there is no such key or it was revoked before. */
  revokeKey(id: string) {
    return this.#either(
      { method: 'DELETE', path: `/keys/${encodeURIComponent(id)}` },
      (json) => expect(isRevocation, json).revoked,
      (operations) => operations.revokeKey(id),
    );
  }

  mintToken(input: MintTokenInput) {
    return this.#either(
      { method: 'POST', path: '/tokens', body: input },
      (json) => expect(isMintedToken, json),
      (operations) => operations.mintToken(input),
    );
  }

  setGrant(input: SetGrantInput) {
    return this.#either(
      { method: 'PUT', path: '/grants', body: input },
      (json) => expect(isGrant, json),
      (operations) => operations.setGrant(input),
    );
  }

  listGrants({ user, after }: GrantPage) {
    const query = new URLSearchParams({
      ...(user === undefined ? {} : { user }),
      ...(after === undefined ? {} : { afterUser: after.user, afterServer: after.server }),
    });
    return this.#either(
      { method: 'GET', path: `/grants?${query.toString()}` },
      (json) => expect(listOf(isGrant), json),
      (operations) => operations.listGrants({ user, after }),
    );
  }

  /** False when there was none. */
  removeGrant({ user, server }: { readonly user: string; readonly server: string }) {
    const query = new URLSearchParams({ user, server });
    return this.#either(
      { method: 'DELETE', path: `/grants?${query.toString()}` },
      (json) => expect(isRemoval, json).removed,
      (operations) => operations.removeGrant(user, server),
    );
  }

  listAudit(limit: number) {
    return this.#either(
      { method: 'GET', path: `/audit?limit=${limit}` },
      (json) => expect(listOf(isAuditView), json),
      (operations) => operations.listAudit({ limit }),
    );
  }

  async #either<Result>(
    call: Call,
    read: (json: unknown) => Result,
    direct: (operations: LocalOperations) => Promise<Result>,
  ): Promise<Result> {
    const { socketPath } = this.#settings;
    const answer = await askGateway({ ...call, socketPath });
    if (answer !== null) return read(answer.json);
    const config = this.#settings.checkedConfig();
    const { withLocalIdentity } = await import('./compose.js');
    return withLocalIdentity(config, call.method, direct);
  }
}
