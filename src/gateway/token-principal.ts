/**
 * What a proven token makes of its bearer. A token with an `apiKey` claim (as the owner's earlier server made
 * them) stands for that key: it is good as long as the key is, for the key's user and at most the key's
 * servers, so that revoking the key ends its tokens too. The claim names the key by its id, or whole.
 */
import type { TokenIdentity } from '../threads/tasks.js';
import { isApiKeyId, looksLikeApiKey } from './api-key.js';
import type { Principal } from './principal.js';
import { verifyApiKey, verifyKeyId, type ApiKeyVerification } from './verify-api-key.js';
import type { IdentityVerdict } from './verify-api-key.js';

export function principalOfToken(identity: TokenIdentity): Principal {
  const { user, servers, audienceServers, scopes, expiresAtSeconds } = identity;
  return {
    user,
    keyId: null,
    servers: setOf(servers),
    audienceServers: setOf(audienceServers),
    tools: null,
    limits: null,
    isAdmin: false,
    scopes: new Set(scopes),
    expiresAtMs: expiresAtSeconds * 1000,
  };
}

/** Rejects with GW_STORE_UNAVAILABLE. */
export async function bindToKey(
  token: Principal,
  apiKey: string,
  verification: ApiKeyVerification,
): Promise<IdentityVerdict> {
  const verdict = await verdictOf(apiKey, verification);
  if (!verdict.ok) return verdict;
  const key = verdict.principal;
  if (key.user !== token.user) return { ok: false, refusal: 'bad-claims' };
  const expiresAtMs = Math.min(key.expiresAtMs ?? Infinity, token.expiresAtMs ?? Infinity);
  const principal: Principal = {
    ...key,
    servers: intersection(key.servers, token.servers),
    audienceServers: token.audienceServers ?? null,
    scopes: token.scopes,
    // A token passes through more hands than a key: it never opens operator data.
    isAdmin: false,
    expiresAtMs,
  };
  return { ok: true, principal };
}

function verdictOf(apiKey: string, verification: ApiKeyVerification): Promise<IdentityVerdict> {
  if (looksLikeApiKey(apiKey)) return verifyApiKey(apiKey, verification);
  if (isApiKeyId(apiKey)) return verifyKeyId(apiKey, verification);
  return Promise.resolve({ ok: false, refusal: 'unknown-key' });
}

function setOf(names: readonly string[] | null): ReadonlySet<string> | null {
  return names === null ? null : new Set(names);
}

function intersection(
  a: ReadonlySet<string> | null,
  b: ReadonlySet<string> | null,
): ReadonlySet<string> | null {
  if (a === null || b === null) return a ?? b;
  return new Set([...a].filter((name) => b.has(name)));
}
