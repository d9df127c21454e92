/**
 * Tells the store how often API keys were used: a batch now and then, never a write a request. What the store
 * does not take is dropped: the counts are for people who look for keys that nobody uses.
 */
import { wallDate } from '../kernel/clock.js';
import type { KeyStore } from '../store/store.js';
import type { Authenticator } from './authenticator.js';

export interface KeyUsesOptions {
  readonly authenticator: Pick<Authenticator, 'takeKeyUses'>;
  readonly keys: Pick<KeyStore, 'recordUses'>;
  readonly intervalMs: number;
}

/** Starts at once, never keeps the process alive. The returned function writes the rest; it never rejects. */
export function reportKeyUses(options: KeyUsesOptions): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const report = async (): Promise<void> => {
    const lastUsedAt = wallDate().toISOString();
    const uses = options.authenticator.takeKeyUses();
    if (uses.size === 0) return;
    await options.keys
      .recordUses([...uses].map(([id, count]) => ({ id, count, lastUsedAt })))
      .catch(() => undefined);
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
