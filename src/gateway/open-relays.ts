/**
 * The exchanges a worker has under way, so that a drain can wait for the short ones and end the long
 * ones in order: a listening stream is closed, a call's stream gets an error for its id.
 */
import type { GatewayError } from '../kernel/errors.js';

export interface OpenRelay {
  readonly isListening: boolean;
  /** Ends it from our side: told to the client where there is an id to tell it for. */
  endBecause(error: GatewayError): void;
}

export class OpenRelays {
  readonly #open = new Set<OpenRelay>();
  #whenEmpty: (() => void) | null = null;

  get size(): number {
    return this.#open.size;
  }

  add(relay: OpenRelay): void {
    this.#open.add(relay);
  }

  remove(relay: OpenRelay): void {
    this.#open.delete(relay);
    if (this.#open.size === 0) this.#whenEmpty?.();
  }

  /** Ends listening streams now, or everything. */
  endAll(error: GatewayError, which: 'listening' | 'all'): void {
    for (const relay of [...this.#open]) {
      if (which === 'all' || relay.isListening) relay.endBecause(error);
    }
  }

  /** Resolves true when nothing is open, false when the time is over first. */
  async emptied(timeoutMs: number): Promise<boolean> {
    if (this.#open.size === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#whenEmpty = null;
        resolve(false);
      }, timeoutMs);
      this.#whenEmpty = () => {
        clearTimeout(timer);
        this.#whenEmpty = null;
        resolve(true);
      };
    });
  }
}
