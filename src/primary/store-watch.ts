/** Asks the store whether it is there, now and then, for the alert: nobody else does while all is cached. */
import { GatewayError } from '../kernel/errors.js';
import type { Store } from '../store/store.js';
import type { AlertRaiser } from './alerts.js';

export interface StoreWatchOptions {
  readonly store: Pick<Store, 'ping' | 'description'>;
  readonly alerts: AlertRaiser;
  readonly periodMs: number;
}

export class StoreWatch {
  readonly #options: StoreWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(options: StoreWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.setPeriod(this.#options.periodMs);
  }

  setPeriod(periodMs: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.check(), periodMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects; one question at a time, since each may take the driver's whole timeout. */
  async check(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { store, alerts } = this.#options;
    try {
      await store.ping();
      alerts.clear('store-unavailable', null);
    } catch (thrown) {
      alerts.raise('store-unavailable', null, `The store, ${store.description}, ${told(thrown)}`);
    } finally {
      this.#isAsking = false;
    }
  }
}

function told(thrown: unknown): string {
  const hint = thrown instanceof GatewayError ? thrown.options.hint : undefined;
  if (hint !== undefined) return `is not as it should be. ${hint}`;
  return `does not answer (${kindOf(thrown)}); proven users are served from cache.`;
}

/** The driver's words may hold an address with a password; the kind of error does not. */
function kindOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown fault';
  return thrown.cause instanceof Error ? thrown.cause.name : thrown.name;
}
