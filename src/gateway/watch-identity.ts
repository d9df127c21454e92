/**
 * The fallback for revocations that no broadcast told us of (another machine, a key revoked while no gateway
 * ran): polls the store's identity version and reports when it moved. The broadcast is the rule; this
 * bounds how long a missed one can last.
 */
import type { Store } from '../store/store.js';

export interface IdentityWatchOptions {
  readonly store: Pick<Store, 'identityVersion'>;
  readonly intervalMs: number;
  /** Called when the version differs from the one seen before; a store that was away is compared on its return. */
  readonly onChange: () => void;
}

/** Starts at once; the returned function stops it. Never keeps the process alive. */
export function watchIdentityVersion(options: IdentityWatchOptions): () => void {
  let known: number | null = null;
  let isPolling = false;
  const poll = async (): Promise<void> => {
    if (isPolling) return;
    isPolling = true;
    try {
      const version = await options.store.identityVersion();
      if (known !== null && version !== known) options.onChange();
      known = version;
    } catch {
      // Away: the version we know still tells on return whether anything changed.
    } finally {
      isPolling = false;
    }
  };
  void poll();
  const timer = setInterval(() => void poll(), options.intervalMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
