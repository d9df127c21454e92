/**
 * Tells the store how often API keys were used, and the hashes under the present pepper of keys that were made
 * under a former one: a batch now and then, never a write a request. What the store does not take is dropped:
 * the counts are for people who look for keys that nobody uses, and a hash is made again at the next look-up.
 */
import { wallDate } from '../kernel/clock.js';
import type { KeyStore } from '../store/store.js';
import type { Authenticator } from './authenticator.js';

export interface KeyUsesOptions {
  readonly authenticator: Pick<Authenticator, 'takeKeyUses' | 'takeRehashes'>;
  readonly keys: Pick<KeyStore, 'recordUses' | 'rehash'>;
  readonly intervalMs: number;
}

/** Starts at once, never keeps the process alive. The returned function writes the rest; it never rejects. */
export function reportKeyUses(options: KeyUsesOptions): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const report = async (): Promise<void> => {
    const lastUsedAt = wallDate().toISOString();
    const { authenticator, keys } = options;
    const [uses, rehashes] = [authenticator.takeKeyUses(), authenticator.takeRehashes()];
    if (uses.size > 0) {
      const counts = [...uses].map(([id, count]) => ({ id, count, lastUsedAt }));
      await keys.recordUses(counts).catch(() => undefined);
    }
    if (rehashes.length > 0) await keys.rehash(rehashes).catch(() => undefined);
  };
  const next = (): Promise<void> => {
    last = last.then(report);
    return last;
  };
  const timer = setInterval(() => void next(), options.intervalMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await next();
  };
}
