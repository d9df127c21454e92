/**
 * One API key against the store. An unknown id costs the same as a wrong secret: the hash is made and
 * compared either way, so that the time of the answer does not say which ids exist.
 */
import type { KeyObject } from 'node:crypto';
import type { ApiKeyRecord, ApiKeyRehash } from '../store/store.js';
import { apiKeyId, hashApiKey, isSameHash, pepperVersion } from './api-key.js';
import type { IdentityRefusal } from './identity-refusal.js';
import type { Principal } from './principal.js';

export type IdentityVerdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly refusal: IdentityRefusal };

export interface ApiKeyVerification {
  readonly find: (id: string) => Promise<ApiKeyRecord | null>;
  /** As KeyStore's. */
  readonly findNow?: ((id: string) => ApiKeyRecord | null | undefined) | undefined;
  /** The present one and, while it is rotated, the one before: each may have made the hash. */
  readonly peppers: readonly KeyObject[];
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: () => number;
  /** Told of a key that is good, and whose hash was not made by the present pepper. */
  readonly onFormerPepper?: (rehash: ApiKeyRehash) => void;
}

const MALFORMED: IdentityVerdict = { ok: false, refusal: 'malformed' };

/** A hash that no key has: SHA-256 of nothing in particular would do as well. */
const NO_HASH = '0'.repeat(64);

/** Rejects with GW_STORE_UNAVAILABLE only. */
export async function verifyApiKey(
  credential: string,
  verification: ApiKeyVerification,
): Promise<IdentityVerdict> {
  const id = apiKeyId(credential);
  if (id === null) return MALFORMED;
  return judge(credential, await verification.find(id), verification);
}

/** As `verifyApiKey`, without waiting; undefined: only that can tell. */
export function verifyApiKeyNow(
  credential: string,
  verification: ApiKeyVerification,
): IdentityVerdict | undefined {
  const id = apiKeyId(credential);
  if (id === null) return MALFORMED;
  const record = verification.findNow?.(id);
  return record === undefined ? undefined : judge(credential, record, verification);
}

/** For an id that something else proved, such as a token's signature. Rejects with GW_STORE_UNAVAILABLE only. */
export async function verifyKeyId(
  id: string,
  verification: ApiKeyVerification,
): Promise<IdentityVerdict> {
  const record = await verification.find(id);
  return record === null ? { ok: false, refusal: 'unknown-key' } : stateOf(record, verification);
}

function judge(
  credential: string,
  record: ApiKeyRecord | null,
  verification: ApiKeyVerification,
): IdentityVerdict {
  let isProven = false;
  // All of them every time: the time of the answer says neither which one it was nor whether the id exists.
  for (const pepper of verification.peppers) {
    const isSame = isSameHash(hashApiKey(credential, pepper), record?.hash ?? NO_HASH);
    isProven ||= isSame;
  }
  if (record === null || !isProven) return { ok: false, refusal: 'unknown-key' };
  const verdict = stateOf(record, verification);
  if (verdict.ok) tellFormerPepper(credential, record, verification);
  return verdict;
}

/** The only moment at which the hash under the present pepper can be made: the key itself is kept nowhere. */
function tellFormerPepper(
  credential: string,
  { id, hash: formerHash, pepperVersion: former }: ApiKeyRecord,
  { peppers: [present], onFormerPepper }: ApiKeyVerification,
): void {
  if (present === undefined || onFormerPepper === undefined) return;
  const version = pepperVersion(present);
  if (former === version) return;
  onFormerPepper({
    id,
    formerHash,
    hash: hashApiKey(credential, present),
    pepperVersion: version,
  });
}

function stateOf(record: ApiKeyRecord, verification: ApiKeyVerification): IdentityVerdict {
  if (record.revokedAt !== null) return { ok: false, refusal: 'revoked-key' };
  const principal = principalOf(record);
  const { expiresAtMs } = principal;
  if (expiresAtMs !== null && !(verification.wallMs() < expiresAtMs)) {
    return { ok: false, refusal: 'expired-key' };
  }
  return { ok: true, principal };
}

function principalOf(record: ApiKeyRecord): Principal {
  return {
    user: record.user,
    keyId: record.id,
    servers: record.servers === null ? null : new Set(record.servers),
    tools: record.tools,
    limits: record.limits,
    isAdmin: record.isAdmin,
    scopes: null,
    expiresAtMs: record.expiresAt === null ? null : Date.parse(record.expiresAt),
  };
}
