/**
 * Credential → verdict: an API key by the store, a token by its signature, and with either what its user was
 * granted. Nothing is kept. Where nothing has to be waited for the verdict comes at once and without a promise:
 * floods of forgeries are made of that, and promises were 40 % of what one cost beyond a known refusal.
 */
import type { KeyObject } from 'node:crypto';
import type { GrantStore } from '../store/grants.js';
import type { ApiKeyRehash, KeyStore } from '../store/store.js';
import type { TokenVerdict } from '../threads/tasks.js';
import { looksLikeApiKey } from './api-key.js';
import { GrantBook, type UserGrants } from './grant-book.js';
import type { Principal } from './principal.js';
import { StoreLookups } from './store-lookups.js';
import { bindToKey, principalOfToken } from './token-principal.js';
import type { VerifyToken } from './token-verifier.js';
import {
  verifyApiKey,
  verifyApiKeyNow,
  type ApiKeyVerification,
  type IdentityVerdict,
} from './verify-api-key.js';

export interface CredentialVerifierOptions {
  readonly keys: Pick<KeyStore, 'find' | 'findNow'>;
  /** Of users, whatever they identify themselves with. Absent = nobody has any. */
  readonly grants?: Pick<GrantStore, 'ofUser' | 'list'>;
  readonly verifyToken: VerifyToken;
  /** Of API key hashes: the present one and, while it is rotated, the one before. */
  readonly peppers: readonly KeyObject[];
}

/** A token's verdict names who it speaks for, an API key's what it may. */
type Proof = IdentityVerdict | TokenVerdict;

/** Between two batches: all keys of a gateway come within one after a rotation. */
const MAX_REHASHES = 20_000;

export class CredentialVerifier {
  readonly #verifyToken: VerifyToken;
  readonly #keys: ApiKeyVerification;
  readonly #lookups: StoreLookups;
  readonly #grants: GrantBook | null;
  readonly #rehashes = new Map<string, ApiKeyRehash>();

  constructor(
    { keys, grants, verifyToken, peppers }: CredentialVerifierOptions,
    clock: { readonly monotonicMs: () => number; readonly wallMs: () => number },
  ) {
    this.#verifyToken = verifyToken;
    this.#lookups = new StoreLookups(clock.monotonicMs);
    this.#grants = grants === undefined ? null : new GrantBook(grants);
    this.#keys = {
      find: (id) => keys.find(id),
      findNow: keys.findNow?.bind(keys),
      peppers,
      wallMs: clock.wallMs,
      onFormerPepper: (rehash) => {
        // What does not fit is told again when the key is next looked up.
        if (this.#rehashes.size < MAX_REHASHES) this.#rehashes.set(rehash.id, rehash);
      },
    };
  }

  /** Rejects with GW_STORE_UNAVAILABLE, or as `verifyToken` does. `source` says where the credential comes from. */
  verify(credential: string, source: string): IdentityVerdict | Promise<IdentityVerdict> {
    const proof = this.#prove(credential, source);
    return proof instanceof Promise
      ? this.#identifyWhenProven(proof, source)
      : this.#identify(proof, source);
  }

  /** For any change of any grant. */
  forgetGrants(): void {
    this.#grants?.forgetAll();
  }

  /** As the authenticator's. */
  takeRehashes(): readonly ApiKeyRehash[] {
    const taken = [...this.#rehashes.values()];
    this.#rehashes.clear();
    return taken;
  }

  #prove(credential: string, source: string): Proof | Promise<Proof> {
    if (!looksLikeApiKey(credential)) return this.#verifyToken(credential, source);
    return (
      verifyApiKeyNow(credential, this.#keys) ??
      this.#lookups.run(source, () => verifyApiKey(credential, this.#keys))
    );
  }

  async #identifyWhenProven(proving: Promise<Proof>, source: string): Promise<IdentityVerdict> {
    return this.#identify(await proving, source);
  }

  #identify(proof: Proof, source: string): IdentityVerdict | Promise<IdentityVerdict> {
    if (!proof.ok) return proof;
    if ('principal' in proof) return this.#withGrants(proof.principal, source);
    const { apiKey } = proof.identity;
    const principal = principalOfToken(proof.identity);
    if (apiKey === null) return this.#withGrants(principal, source);
    const binding = this.#lookups.run(source, () => bindToKey(principal, apiKey, this.#keys));
    return binding.then((bound) => (bound.ok ? this.#withGrants(bound.principal, source) : bound));
  }

  #withGrants(principal: Principal, source: string): IdentityVerdict | Promise<IdentityVerdict> {
    const book = this.#grants;
    if (book === null) return granted(principal, null);
    const known = book.now(principal.user);
    if (known !== undefined) return granted(principal, known);
    return this.#lookups.run(source, async () => granted(principal, await book.of(principal.user)));
  }
}

function granted(principal: Principal, grants: UserGrants | null): IdentityVerdict {
  return { ok: true, principal: grants === null ? principal : { ...principal, grants } };
}
