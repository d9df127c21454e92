/** A store with keys, a hand-moved clock, and an authenticator over them. */
import { createSecretKey } from 'node:crypto';
import { hashApiKey, mintApiKey } from '../../src/gateway/api-key.js';
import { createAuthenticator, type AuthenticatorOptions } from '../../src/gateway/authenticate.js';
import type { ApiKeyRecord } from '../../src/store/store.js';
import { createMemoryStore } from './memory-store.js';
import { keyRecord } from './store-contract.js';

export const PEPPER = createSecretKey(Buffer.alloc(32, 1));

export class ManualClock {
  now = 1000;
  /** 2026-01-01T00:00:00Z at monotonic 1000. */
  wall = Date.UTC(2026, 0, 1);

  readonly monotonicMs = () => this.now;
  readonly wallMs = () => this.wall;

  advance(ms: number): void {
    this.now += ms;
    this.wall += ms;
  }
}

export function identityFixture(options: Partial<AuthenticatorOptions> = {}) {
  const store = createMemoryStore();
  const clock = new ManualClock();
  let lookups = 0;
  const authenticator = createAuthenticator({
    keys: {
      find: (id) => {
        lookups += 1;
        return store.keys.find(id);
      },
    },
    verifyToken: () => Promise.resolve({ ok: false, refusal: 'untrusted' }),
    peppers: [PEPPER],
    cacheTtlMs: 300_000,
    negativeTtlMs: 5000,
    maxEntries: 100,
    failedPerSecond: 0,
    clock,
    // Longer than a busy machine keeps any test waiting: no answer is late unless a test says so.
    stalePatienceMs: 30_000,
    ...options,
  });
  return {
    store,
    clock,
    authenticator,
    lookups: () => lookups,
    addKey: async (change: Partial<ApiKeyRecord> = {}): Promise<string> => {
      const { id, key } = mintApiKey();
      await store.keys.insert(keyRecord({ id, hash: hashApiKey(key, PEPPER), ...change }));
      return key;
    },
    /** As the request path calls it. */
    ask: (credential: string, clientAddress?: string) =>
      authenticator.authenticate(
        { authorization: `Bearer ${credential}`, apiKey: undefined, clientAddress },
        clock.now,
      ),
  };
}
