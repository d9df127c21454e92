/**
 * Making, listing and revoking keys, and minting tokens: the part of the admin operations that needs only
 * the store and the secrets. The primary offers it over the socket; the command line uses it directly when
 * no gateway runs.
 */
import type { KeyObject } from 'node:crypto';
import { hashApiKey, mintApiKey, pepperVersion } from '../gateway/api-key.js';
import { mintToken } from '../gateway/mint-token.js';
import { wallDate, wallSeconds } from '../kernel/clock.js';
import type { ApiKeyRecord, Store } from '../store/store.js';
import { checkKeyChange, checkKeyInput, checkTokenInput } from './identity-input.js';
import type { AdminOperations, KeyView } from './operations.js';

export interface IdentityOperationsOptions {
  readonly store: Pick<Store, 'keys'>;
  readonly pepper: KeyObject;
  readonly jwtSecret: KeyObject;
  readonly issuer: string | null;
  readonly audience: string | null;
  /** Longer tokens would be refused by this gateway itself. */
  readonly maxTokenSeconds: number;
  /** Resolves when every worker has forgotten what it knew of the key. Absent where no gateway runs. */
  readonly onKeyChanged?: (keyId: string) => Promise<void>;
}

export type IdentityOperations = Pick<
  AdminOperations,
  'createKey' | 'listKeys' | 'updateKey' | 'revokeKey' | 'mintToken'
>;

export function createIdentityOperations(options: IdentityOperationsOptions): IdentityOperations {
  const { store, pepper, jwtSecret, issuer, audience, maxTokenSeconds } = options;
  const version = pepperVersion(pepper);
  return {
    async createKey(input) {
      checkKeyInput(input);
      const { id, key } = mintApiKey();
      const now = wallDate();
      const record: ApiKeyRecord = {
        id,
        user: input.user,
        hash: hashApiKey(key, pepper),
        pepperVersion: version,
        label: input.label,
        servers: input.servers,
        tools: input.tools,
        limits: input.limits,
        isAdmin: input.isAdmin,
        createdAt: now.toISOString(),
        expiresAt: input.expiresInSeconds === null ? null : later(now, input.expiresInSeconds),
        revokedAt: null,
        lastUsedAt: null,
        useCount: 0,
      };
      await store.keys.insert(record);
      return { ...viewOf(record, version), key };
    },
    async listKeys({ afterId, limit }) {
      const records = await store.keys.list({
        ...(afterId === undefined ? {} : { afterId }),
        ...(limit === undefined ? {} : { limit }),
      });
      return records.map((record) => viewOf(record, version));
    },
    async updateKey(id, input) {
      checkKeyChange(input);
      const { expiresInSeconds, ...change } = input;
      const expiry =
        expiresInSeconds === undefined
          ? {}
          : { expiresAt: expiresInSeconds === null ? null : later(wallDate(), expiresInSeconds) };
      const record = await store.keys.update(id, { ...change, ...expiry });
      await options.onKeyChanged?.(id);
      return record === null ? null : viewOf(record, version);
    },
    async revokeKey(id) {
      const isRevoked = await store.keys.revoke(id, wallDate());
      // Told to the workers even when it was revoked before: an earlier broadcast may have been lost.
      await options.onKeyChanged?.(id);
      return isRevoked;
    },
    mintToken(input) {
      return Promise.resolve().then(() => {
        checkTokenInput(input, maxTokenSeconds);
        const nowSeconds = wallSeconds();
        const token = mintToken({ ...input, nowSeconds, issuer, audience, secret: jwtSecret });
        const expiresAt = later(new Date(nowSeconds * 1000), input.expiresInSeconds);
        return { token, expiresAt };
      });
    },
  };
}

function later(from: Date, seconds: number): string {
  return new Date(from.getTime() + seconds * 1000).toISOString();
}

function viewOf(record: ApiKeyRecord, version: number): KeyView {
  return {
    id: record.id,
    user: record.user,
    label: record.label,
    servers: record.servers,
    tools: record.tools,
    limits: record.limits,
    isAdmin: record.isAdmin,
    createdAt: record.createdAt,
    expiresAt: record.expiresAt,
    revokedAt: record.revokedAt,
    lastUsedAt: record.lastUsedAt,
    useCount: record.useCount,
    isOnFormerMasterKey: record.pepperVersion !== version,
  };
}
