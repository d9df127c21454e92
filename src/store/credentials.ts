/**
 * Upstream credentials of users, as opaque sealed bytes: sealing and opening are done above the store, under
 * a key that is never in it.
 */
import type { RecordTable, StoredRecord } from './record-table.js';
import { integerOf, isRow, textOf } from './stored-row.js';

export interface SealedCredential {
  readonly user: string;
  readonly server: string;
  readonly sealed: Uint8Array;
  /** Which key sealed it, in the sealer's own numbering. */
  readonly keyVersion: number;
  /** ISO 8601. */
  readonly updatedAt: string;
}

export interface StoredCredential extends SealedCredential {
  /** Grows with each put; starts anew after a deletion. */
  readonly version: number;
}

/** Every change moves the identity version. */
export interface CredentialStore {
  /** Returns the new version. */
  put(credential: SealedCredential): Promise<number>;
  get(user: string, server: string): Promise<StoredCredential | null>;
  /** False when there was none. */
  delete(user: string, server: string): Promise<boolean>;
  /** By user, then server; at most `limit` (default 1000) after the given one. */
  list(page?: {
    readonly after?: Pick<SealedCredential, 'user' | 'server'> | undefined;
    readonly limit?: number | undefined;
  }): Promise<StoredCredential[]>;
}

export function createCredentials(table: RecordTable): CredentialStore {
  return {
    put({ user, server, sealed, keyVersion, updatedAt }) {
      const text = Buffer.from(sealed).toString('base64');
      return table.put([user, server], { sealed: text, keyVersion, updatedAt });
    },
    async get(user, server) {
      const record = await table.get([user, server]);
      return record === null ? null : credentialOf(record);
    },
    delete: (user, server) => table.delete([user, server]),
    async list({ after, limit } = {}) {
      const from = after === undefined ? undefined : [after.user, after.server];
      return (await table.list({ after: from, limit })).map(credentialOf);
    },
  };
}

function credentialOf(record: StoredRecord): StoredCredential {
  const { key, value, version } = record;
  const [user = '', server = ''] = key;
  if (!isRow(value)) throw new Error('credentials gave no record');
  return {
    user,
    server,
    sealed: Buffer.from(textOf(value, 'sealed'), 'base64'),
    keyVersion: integerOf(value, 'keyVersion'),
    updatedAt: textOf(value, 'updatedAt'),
    version,
  };
}
