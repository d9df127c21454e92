/**
 * Credential → Principal. A cached identity is answered synchronously (one SHA-256 and one look-up), and so is
 * what can be refused at once; else it is verified, once for all who present the same credential at the
 * time. While the store is away, or does not answer soon, identities that were proven before go on for a
 * grace period, and the answer counts when it comes.
 */
import { monotonicMs, wallDate } from '../kernel/clock.js';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { SingleFlight } from '../kernel/single-flight.js';
import type { ApiKeyRehash } from '../store/store.js';
import type { Authenticator, AuthenticatorStats, PresentedCredentials } from './authenticator.js';
import { readCredential } from './credential.js';
import { FailedCredentials } from './failed-credentials.js';
import { IdentityCache, type CachedIdentity } from './identity-cache.js';
import {
  NO_CHALLENGE,
  refuseAmbiguity,
  refuseIdentity,
  refuseUnverified,
  type Challenge,
  type IdentityRefusal,
} from './identity-refusal.js';
import type { Principal } from './principal.js';
import { settlesWithin } from './settles-within.js';
import { sourceOf } from './source.js';
import { storeAway, STORE_PAUSE_MS } from './store-lookups.js';
import type { IdentityVerdict } from './verify-api-key.js';
import { CredentialVerifier, type CredentialVerifierOptions } from './verify-credential.js';

export interface AuthenticatorOptions extends CredentialVerifierOptions {
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
  /** Refused credentials a second of one source; beyond, its new ones are not verified. 0: no limit. */
  readonly failedPerSecond: number;
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

const SYSTEM_CLOCK = { monotonicMs, wallMs: () => wallDate().getTime() };

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return new CachingAuthenticator(options);
}

class CachingAuthenticator implements Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #clock;
  readonly #cache: IdentityCache;
  readonly #pending: SingleFlight<IdentityVerdict>;
  /** A verdict from before an invalidation is not kept. */
  #generation = 0;
  readonly #verifier: CredentialVerifier;
  readonly #failed: FailedCredentials | null;
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
    this.#verifier = new CredentialVerifier(options, this.#clock);
    const { failedPerSecond } = options;
    this.#failed = failedPerSecond === 0 ? null : new FailedCredentials(failedPerSecond);
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
    const source = sourceOf(presented.clientAddress ?? '');
    // Who was proven before is not suspected of guessing.
    if (cached === undefined) this.#requireFewFailures(source, nowMs);
    this.#misses += 1;
    const verifying = this.#verifyOnce(credential.text, key, source);
    if (verifying instanceof Promise) return this.#proven(verifying, key, cached, server);
    return this.#accept(verifying, key, server);
  }

  get generation(): number {
    return this.#generation;
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
    this.#verifier.forgetGrants();
  }

  takeKeyUses(): ReadonlyMap<string, number> {
    return this.#cache.takeUses();
  }

  sweep(nowMs: number): number {
    return this.#cache.sweep(nowMs) + (this.#failed?.sweep(nowMs) ?? 0);
  }

  takeRehashes(): readonly ApiKeyRehash[] {
    return this.#verifier.takeRehashes();
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

  /** Who was proven before, and whose time is up, waits only so long for `verifying`. */
  async #proven(
    verifying: Promise<IdentityVerdict>,
    key: string,
    stale: CachedIdentity | undefined,
    server: string | undefined,
  ): Promise<Principal> {
    let verdict: IdentityVerdict;
    try {
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
    return this.#accept(verdict, key, server);
  }

  #accept(verdict: IdentityVerdict, key: string, server: string | undefined): Principal {
    if (!verdict.ok) throw this.#refuse(verdict.refusal, server);
    const kept = this.#cache.identity(key);
    if (kept !== undefined) this.#cache.countUse(kept);
    return verdict.principal;
  }

  /** One verification for all who present the credential until it ends. */
  #verifyOnce(
    credential: string,
    key: string,
    source: string,
  ): IdentityVerdict | Promise<IdentityVerdict> {
    const verifying = this.#pending.join(key, () => this.#verifyAndKeep(credential, key, source));
    if (verifying !== null) return verifying;
    const error = new GatewayError('GW_STORE_UNAVAILABLE', {
      hint: 'Too many credentials are being verified.',
      retryAfterMs: 1000,
    });
    return Promise.reject(error);
  }

  #verifyAndKeep(
    credential: string,
    key: string,
    source: string,
  ): IdentityVerdict | Promise<IdentityVerdict> {
    const startedAtMs = this.#clock.monotonicMs();
    const verdict = this.#verifier.verify(credential, source);
    if (verdict instanceof Promise) return this.#keepWhenKnown(verdict, key, source, startedAtMs);
    if (!verdict.ok) this.#failed?.count(source, startedAtMs);
    this.#keep(verdict, key, startedAtMs);
    return verdict;
  }

  async #keepWhenKnown(
    verifying: Promise<IdentityVerdict>,
    key: string,
    source: string,
    startedAtMs: number,
  ): Promise<IdentityVerdict> {
    const generation = this.#generation;
    this.#failed?.begin(source, startedAtMs);
    try {
      const verdict = await verifying;
      const nowMs = this.#clock.monotonicMs();
      // A refusal may be quick because nobody was asked.
      if (verdict.ok && nowMs - startedAtMs < this.#stalePatienceMs) this.#isSlow = false;
      if (!verdict.ok) this.#failed?.count(source, nowMs);
      if (generation === this.#generation) this.#keep(verdict, key, nowMs);
      return verdict;
    } finally {
      this.#failed?.end(source);
    }
  }

  #keep(verdict: IdentityVerdict, key: string, nowMs: number): void {
    if (!verdict.ok) this.#cache.refuse(key, verdict.refusal, nowMs);
    else this.#cache.keep(key, verdict.principal, this.#remainingMs(verdict.principal), nowMs);
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

  #requireFewFailures(source: string, nowMs: number): void {
    const waitMs = this.#failed?.waitMs(source, nowMs) ?? 0;
    if (waitMs === 0) return;
    this.#refusals += 1;
    throw refuseUnverified(waitMs);
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
