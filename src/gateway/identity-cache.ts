/**
 * Verdicts by credential, so that a proven identity costs one hash and one look-up. Keyed by SHA-256 of the
 * credential: a heap dump holds no live one. Refusals live in a table of their own, so that a flood of
 * guesses cannot push out the people who are let in. An identity stays a while beyond its freshness, for
 * the time when the store is away.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { IdentityRefusal } from './identity-refusal.js';
import { sweepEntries } from './sweep-entries.js';
import type { Principal } from './principal.js';

/**
 * Chosen: what is refused again and again is few. Beside forged keys others' p99 was 8.7 ms with 100 000 and 5.6
 * with these (both builds in turn, 7 rounds): a table that is always full is made anew as entries come and go.
 */
const MAX_REFUSALS = 5_000;

export interface IdentityCacheOptions {
  /** How long a proven identity is believed. */
  readonly ttlMs: number;
  /** How long a refusal is repeated without asking again; 0 = never. */
  readonly negativeTtlMs: number;
  /** How long beyond `ttlMs` an identity may still serve while the store is away. */
  readonly staleGraceMs: number;
  /** Of identities. */
  readonly maxEntries: number;
}

export interface CachedIdentity {
  readonly principal: Principal;
  /** Monotonic. Set anew when the store is away. */
  freshUntilMs: number;
  readonly staleUntilMs: number;
  /** Since they were taken last. */
  uses: number;
}

export class IdentityCache {
  readonly #options: IdentityCacheOptions;
  readonly #identities: LRUCache<string, CachedIdentity>;
  readonly #refusals: LRUCache<string, { refusal: IdentityRefusal; untilMs: number }>;
  /** API key id → where identities that fall with it are kept: its own, and those of tokens that name it. */
  readonly #byKeyId = new Map<string, Set<string>>();
  /** Those with uses to be told; some of them forgotten since. */
  #used: CachedIdentity[] = [];

  constructor(options: IdentityCacheOptions) {
    this.#options = options;
    this.#identities = new LRUCache({
      max: options.maxEntries,
      dispose: ({ principal }, key) => {
        if (principal.keyId !== null) this.#unlink(principal.keyId, key);
      },
    });
    this.#refusals = new LRUCache({ max: Math.min(options.maxEntries, MAX_REFUSALS) });
  }

  static keyOf(credential: string): string {
    return hash('sha256', credential, 'base64');
  }

  get size(): number {
    return this.#identities.size;
  }

  /** Fresh or not: the caller looks at `freshUntilMs`. */
  identity(key: string): CachedIdentity | undefined {
    return this.#identities.get(key);
  }

  refusal(key: string, nowMs: number): IdentityRefusal | null {
    const found = this.#refusals.get(key);
    return found !== undefined && nowMs < found.untilMs ? found.refusal : null;
  }

  /** `expiresInMs`: what is left of the credential itself; it is never believed longer, stale or not. */
  keep(key: string, principal: Principal, expiresInMs: number, nowMs: number): void {
    const { ttlMs, staleGraceMs } = this.#options;
    const freshUntilMs = nowMs + Math.min(ttlMs, expiresInMs);
    const staleUntilMs = nowMs + Math.min(ttlMs + staleGraceMs, expiresInMs);
    this.#identities.set(key, { principal, freshUntilMs, staleUntilMs, uses: 0 });
    if (principal.keyId === null) return;
    const kept = this.#byKeyId.get(principal.keyId);
    if (kept === undefined) this.#byKeyId.set(principal.keyId, new Set([key]));
    else kept.add(key);
  }

  refuse(key: string, refusal: IdentityRefusal, nowMs: number): void {
    this.#identities.delete(key);
    this.#refusals.set(key, { refusal, untilMs: nowMs + this.#options.negativeTtlMs });
  }

  countUse(identity: CachedIdentity): void {
    if (identity.principal.keyId === null) return;
    if (identity.uses === 0) {
      if (this.#used.length >= this.#options.maxEntries) return;
      this.#used.push(identity);
    }
    identity.uses += 1;
  }

  /** By API key id; they count from 0 again. */
  takeUses(): Map<string, number> {
    const taken = new Map<string, number>();
    for (const identity of this.#used) {
      const { keyId } = identity.principal;
      if (keyId !== null) taken.set(keyId, (taken.get(keyId) ?? 0) + identity.uses);
      identity.uses = 0;
    }
    this.#used = [];
    return taken;
  }

  forgetKey(keyId: string): void {
    for (const key of [...(this.#byKeyId.get(keyId) ?? [])]) this.#identities.delete(key);
  }

  /** Forgets what tokens proved, and every refusal: the keys they are verified with have changed. */
  forgetTokens(): void {
    for (const [key, { principal }] of [...this.#identities.entries()]) {
      if (principal.scopes !== null) this.#identities.delete(key);
    }
    this.#refusals.clear();
  }

  /** Forgets what serves nobody any more. Returns how many; the longest unused are looked at first. */
  sweep(nowMs: number): number {
    return (
      sweepEntries(this.#identities, ({ staleUntilMs }) => nowMs >= staleUntilMs) +
      sweepEntries(this.#refusals, ({ untilMs }) => nowMs >= untilMs)
    );
  }

  clear(): void {
    this.#identities.clear();
    this.#refusals.clear();
  }

  #unlink(keyId: string, key: string): void {
    const kept = this.#byKeyId.get(keyId);
    kept?.delete(key);
    if (kept?.size === 0) this.#byKeyId.delete(keyId);
  }
}
