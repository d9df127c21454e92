/**
 * Credential → Principal. A cached identity is answered synchronously (one SHA-256 and one look-up); a miss
 * asks the store (API keys) or the verifier (tokens), once for all who present the same credential at the
 * time. While the store is away, or does not answer soon, identities that were proven before go on for a
 * grace period, and the answer counts when it comes.
 */
import type { KeyObject } from 'node:crypto';
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { SingleFlight } from '../kernel/single-flight.js';
import type { GrantStore } from '../store/grants.js';
import type { ApiKeyRehash, KeyStore } from '../store/store.js';
import { apiKeyId, looksLikeApiKey } from './api-key.js';
import type { Authenticator, AuthenticatorStats, PresentedCredentials } from './authenticator.js';
import { readCredential } from './credential.js';
import { GrantBook } from './grant-book.js';
import { IdentityCache, type CachedIdentity } from './identity-cache.js';
import {
  NO_CHALLENGE,
  refuseAmbiguity,
  refuseIdentity,
  type Challenge,
  type IdentityRefusal,
} from './identity-refusal.js';
import type { Principal } from './principal.js';
import { settlesWithin } from './settles-within.js';
import { sourceOf } from './source.js';
import { storeAway, STORE_PAUSE_MS, StoreLookups } from './store-lookups.js';
import { bindToKey, principalOfToken } from './token-principal.js';
import type { VerifyToken } from './token-verifier.js';
import { verifyApiKey, type ApiKeyVerification, type IdentityVerdict } from './verify-api-key.js';

export interface AuthenticatorOptions {
  readonly keys: Pick<KeyStore, 'find'>;
  /** Of users, whatever they identify themselves with. Absent = nobody has any. */
  readonly grants?: Pick<GrantStore, 'ofUser' | 'list'>;
  readonly verifyToken: VerifyToken;
  /** Of API key hashes: the present one and, while it is rotated, the one before. */
  readonly peppers: readonly KeyObject[];
  readonly cacheTtlMs: number;
  /** At most 5000 is wise: a key made meanwhile is refused for as long. */
  readonly negativeTtlMs: number;
  readonly maxEntries: number;
  /** How long beyond `cacheTtlMs` identities serve while the store is away. Default 10 min. */
  readonly staleGraceMs?: number;
  /** How long who was proven before waits for the store's word after `cacheTtlMs`. Default 20. */
  readonly stalePatienceMs?: number;
  /** Different credentials being verified at once; further ones get GW_STORE_UNAVAILABLE. Default 32768. */
  readonly maxPending?: number;
  /** Whether a request without any credential is the user `anonymous`, who may use every server. */
  readonly allowAnonymous?: boolean;
  /** What a 401 tells about a server (undefined: about the gateway); absent: nothing. */
  readonly challengeOf?: (server: string | undefined) => Challenge;
  readonly clock?: { readonly monotonicMs: () => number; readonly wallMs: () => number };
}

export const ANONYMOUS: Principal = {
  user: 'anonymous',
  keyId: null,
  servers: null,
  tools: null,
  limits: null,
  isAdmin: false,
  scopes: new Set(),
  expiresAtMs: null,
};

const DEFAULT_GRACE_MS = 600_000;
/** A burst of every client after a restart must fit; what is verified at once is bounded below it. */
const DEFAULT_MAX_PENDING = 32_768;
/** Chosen: above what a store usually takes; who was proven before waits no longer for it. */
const STALE_PATIENCE_MS = 20;
/** Beyond this it is no credential of ours, and hashing it would be the client's choice of our work. */
const MAX_CREDENTIAL_CHARS = 8192;

/** Between two batches: all keys of a gateway come within one after a rotation. */
const MAX_REHASHES = 20_000;

const SYSTEM_CLOCK = { monotonicMs, wallMs: () => wallDate().getTime() };

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return new CachingAuthenticator(options);
}

class CachingAuthenticator implements Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #clock;
  readonly #cache: IdentityCache;
  readonly #pending: SingleFlight<IdentityVerdict>;
  /** Grows with every invalidation: a verdict from before one is not kept. */
  #generation = 0;
  readonly #lookups: StoreLookups;
  readonly #grants: GrantBook | null;
  readonly #verification: ApiKeyVerification;
  readonly #rehashes = new Map<string, ApiKeyRehash>();
  /** Somebody who was proven before has waited in vain: until an answer is quick again, no other does. */
  #isSlow = false;
  #hits = 0;
  #misses = 0;
  #refusals = 0;
  #staleHits = 0;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#cache = new IdentityCache({
      ttlMs: options.cacheTtlMs,
      negativeTtlMs: options.negativeTtlMs,
      staleGraceMs: options.staleGraceMs ?? DEFAULT_GRACE_MS,
      maxEntries: options.maxEntries,
    });
    this.#pending = new SingleFlight(options.maxPending ?? DEFAULT_MAX_PENDING);
    this.#lookups = new StoreLookups(this.#clock.monotonicMs);
    this.#grants = options.grants === undefined ? null : new GrantBook(options.grants);
    this.#verification = {
      find: (id) => options.keys.find(id),
      peppers: options.peppers,
      wallMs: this.#clock.wallMs,
      onFormerPepper: (rehash) => {
        // What does not fit is told again when the key is next looked up.
        if (this.#rehashes.size < MAX_REHASHES) this.#rehashes.set(rehash.id, rehash);
      },
    };
  }

  authenticate(presented: PresentedCredentials, nowMs: number): Principal | Promise<Principal> {
    const credential = readCredential(presented);
    const { server } = presented;
    if (credential.kind === 'ambiguous') {
      this.#refusals += 1;
      throw refuseAmbiguity(this.#challenge(server));
    }
    if (credential.kind === 'none') {
      if (this.#options.allowAnonymous === true) return ANONYMOUS;
      throw this.#refuse('missing', server);
    }
    if (credential.text.length > MAX_CREDENTIAL_CHARS) throw this.#refuse('malformed', server);
    const key = IdentityCache.keyOf(credential.text);
    const cached = this.#cache.identity(key);
    if (cached !== undefined && nowMs < cached.freshUntilMs) {
      this.#hits += 1;
      this.#cache.countUse(cached);
      return cached.principal;
    }
    const refusal = this.#cache.refusal(key, nowMs);
    if (refusal !== null) throw this.#refuse(refusal, server);
    return this.#prove(credential.text, key, cached, presented);
  }

  invalidateKey(keyId: string): void {
    this.#beginGeneration();
    this.#cache.forgetKey(keyId);
  }

  invalidateTokens(): void {
    this.#beginGeneration();
    this.#cache.forgetTokens();
  }

  invalidateAll(): void {
    this.#beginGeneration();
    this.#cache.clear();
    this.#grants?.forgetAll();
  }

  takeKeyUses(): ReadonlyMap<string, number> {
    return this.#cache.takeUses();
  }

  sweep(nowMs: number): number {
    return this.#cache.sweep(nowMs);
  }

  takeRehashes(): readonly ApiKeyRehash[] {
    const taken = [...this.#rehashes.values()];
    this.#rehashes.clear();
    return taken;
  }

  stats(): AuthenticatorStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      refusals: this.#refusals,
      staleHits: this.#staleHits,
      cached: this.#cache.size,
      pending: this.#pending.size,
    };
  }

  get #stalePatienceMs(): number {
    return this.#options.stalePatienceMs ?? STALE_PATIENCE_MS;
  }

  /** What was asked of the store before now may not know of the change: nobody who comes later shares it. */
  #beginGeneration(): void {
    this.#generation += 1;
    this.#pending.forgetAll();
  }

  async #prove(
    credential: string,
    key: string,
    stale: CachedIdentity | undefined,
    { server, clientAddress = '' }: PresentedCredentials,
  ): Promise<Principal> {
    this.#misses += 1;
    let verdict: IdentityVerdict;
    try {
      const verifying = this.#verifyOnce(credential, key, sourceOf(clientAddress));
      const patienceMs = this.#isSlow ? 0 : this.#stalePatienceMs;
      if (stale !== undefined && !(await settlesWithin(patienceMs, verifying))) {
        this.#isSlow = true;
        // Forgotten meanwhile: it may have been revoked.
        if (this.#cache.identity(key) === stale) return this.#goOnWith(stale, storeAway(undefined));
      }
      verdict = await verifying;
    } catch (thrown) {
      const error = asGatewayError(thrown);
      if (stale === undefined || error.code !== 'GW_STORE_UNAVAILABLE') throw error;
      if (this.#cache.identity(key) !== stale) throw error;
      return this.#goOnWith(stale, error);
    }
    if (!verdict.ok) throw this.#refuse(verdict.refusal, server);
    const kept = this.#cache.identity(key);
    if (kept !== undefined) this.#cache.countUse(kept);
    return verdict.principal;
  }

  /** One verification for all who present the credential until it ends. */
  #verifyOnce(credential: string, key: string, source: string): Promise<IdentityVerdict> {
    const verifying = this.#pending.join(key, () => this.#verifyAndKeep(credential, key, source));
    if (verifying !== null) return verifying;
    throw new GatewayError('GW_STORE_UNAVAILABLE', {
      hint: 'Too many credentials are being verified.',
      retryAfterMs: 1000,
    });
  }

  async #verifyAndKeep(credential: string, key: string, source: string): Promise<IdentityVerdict> {
    const generation = this.#generation;
    const startedAtMs = this.#clock.monotonicMs();
    const proven = looksLikeApiKey(credential)
      ? await this.#verifyApiKey(credential, source)
      : await this.#verifyToken(credential, source);
    const verdict = proven.ok ? await this.#withGrants(proven.principal, source) : proven;
    const nowMs = this.#clock.monotonicMs();
    // A refusal may be quick because nobody was asked.
    if (verdict.ok && nowMs - startedAtMs < this.#stalePatienceMs) this.#isSlow = false;
    if (generation !== this.#generation) return verdict;
    if (!verdict.ok) this.#cache.refuse(key, verdict.refusal, nowMs);
    else this.#cache.keep(key, verdict.principal, this.#remainingMs(verdict.principal), nowMs);
    return verdict;
  }

  #verifyApiKey(credential: string, source: string): Promise<IdentityVerdict> {
    // Cut and mistyped keys, and other people's, cost the store nothing.
    if (apiKeyId(credential) === null) return Promise.resolve({ ok: false, refusal: 'malformed' });
    return this.#lookups.run(source, () => verifyApiKey(credential, this.#verification));
  }

  async #verifyToken(credential: string, source: string): Promise<IdentityVerdict> {
    const verdict = await this.#options.verifyToken(credential, source);
    if (!verdict.ok) return verdict;
    const { apiKey } = verdict.identity;
    const principal = principalOfToken(verdict.identity);
    if (apiKey === null) return { ok: true, principal };
    return this.#lookups.run(source, () => bindToKey(principal, apiKey, this.#verification));
  }

  async #withGrants(principal: Principal, source: string): Promise<IdentityVerdict> {
    const book = this.#grants;
    if (book === null) return { ok: true, principal };
    return this.#lookups.run(source, async () => {
      const grants = await book.of(principal.user);
      return { ok: true, principal: grants === null ? principal : { ...principal, grants } };
    });
  }

  /** Fail open, but only for who was proven before, and within the grace period. */
  #goOnWith(stale: CachedIdentity, error: GatewayError): Principal {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= stale.staleUntilMs) throw error;
    stale.freshUntilMs = Math.min(nowMs + STORE_PAUSE_MS, stale.staleUntilMs);
    this.#staleHits += 1;
    this.#cache.countUse(stale);
    return stale.principal;
  }

  #remainingMs(principal: Principal): number {
    if (principal.expiresAtMs === null) return Infinity;
    return Math.max(0, principal.expiresAtMs - this.#clock.wallMs());
  }

  #refuse(refusal: IdentityRefusal, server: string | undefined): GatewayError {
    this.#refusals += 1;
    return refuseIdentity(refusal, this.#challenge(server));
  }

  #challenge(server: string | undefined): Challenge {
    return this.#options.challengeOf?.(server) ?? NO_CHALLENGE;
  }
}
