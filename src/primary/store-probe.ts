/**
 * How the store is, asked in the background, so that /readyz can answer at once: a probe of a database that
 * does not answer takes its deadline, and orchestrators wait for less.
 */
import type { Store } from '../store/store.js';
import type { StoreState } from './status-documents.js';

const PROBE_EVERY_MS = 1000;

export class StoreProbe {
  readonly #store: Pick<Store, 'ping' | 'outage'>;
  readonly #timer: NodeJS.Timeout;
  #problem: string | null = null;
  #isProbing = false;

  /** Probes at once, then every second; never keeps the process alive. */
  constructor(store: Pick<Store, 'ping' | 'outage'>) {
    this.#store = store;
    void this.#probe();
    this.#timer = setInterval(() => void this.#probe(), PROBE_EVERY_MS);
    this.#timer.unref();
  }

  /** As of the last probe, at most some seconds ago. */
  get state(): StoreState {
    if (this.#problem === null) return { problem: null, isServing: true };
    const outage = this.#store.outage?.() ?? null;
    return { problem: outage ?? this.#problem, isServing: outage !== null };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await this.#store.ping();
      this.#problem = null;
    } catch (thrown) {
      this.#problem = thrown instanceof Error ? thrown.message : String(thrown);
    } finally {
      this.#isProbing = false;
    }
  }
}
