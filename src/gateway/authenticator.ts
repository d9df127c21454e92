/**
 * The request path's view of authentication: headers in, Principal out. The implementation is
 * authenticate.ts; it answers synchronously when the credential is cached (about 1 µs).
 */
import type { ApiKeyRehash } from '../store/store.js';
import type { Principal } from './principal.js';

export interface PresentedCredentials {
  /** Raw `Authorization` header. Schemes other than Bearer count as absent. */
  readonly authorization: string | undefined;
  /** Raw `X-API-Key` header. */
  readonly apiKey: string | undefined;
  /** The server asked for; only used to name its resource metadata in a 401. */
  readonly server?: string | undefined;
  /**
   * Where the request comes from: while credentials must be verified, sources take turns, and one with too many
   * refused ones waits. Absent for who was let in before and is proven again.
   */
  readonly clientAddress?: string | undefined;
}

export interface Authenticator {
  /**
   * Throws, or rejects with, GW_UNAUTHENTICATED (with `WWW-Authenticate`), GW_BAD_REQUEST (two different
   * credentials), GW_RATE_LIMITED (not verified: too many failures of its source) or GW_STORE_UNAVAILABLE. Returns
   * synchronously on a cache hit.
   */
  authenticate(presented: PresentedCredentials, nowMs: number): Principal | Promise<Principal>;
  /** Grows whenever something is forgotten: who was proven before may not be any more. */
  readonly generation: number;
  /** Forgets one API key, for a revocation. Verifications under way are not cached afterwards. */
  invalidateKey(keyId: string): void;
  /** Forgets what tokens proved, for a changed set of issuer keys. */
  invalidateTokens(): void;
  /** Forgets everything, for a rotated secret or a store whose changes were missed. */
  invalidateAll(): void;
  /** How often API keys were let in since the last call, by id. */
  takeKeyUses(): ReadonlyMap<string, number>;
  /** Forgets what is expired. Returns how much. */
  sweep(nowMs: number): number;
  /** Hashes under the present pepper, of keys that came since the last call and had one under another. */
  takeRehashes(): readonly ApiKeyRehash[];
  stats(): AuthenticatorStats;
}

/** Counters grow from process start; gauges are the present moment. */
export interface AuthenticatorStats {
  readonly hits: number;
  readonly misses: number;
  /** Refusals of every kind, negative cache included. */
  readonly refusals: number;
  /** Answers from an expired entry because the store was away. */
  readonly staleHits: number;
  readonly cached: number;
  readonly pending: number;
}
