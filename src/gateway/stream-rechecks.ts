/**
 * Proves who listens once more after a change of keys or grants: a stream may be open for an hour, and what was
 * revoked must not be served that long. One stream after the other, so that ten thousand of them do not ask the
 * store at once.
 */
import type { OpenRelay } from './open-relays.js';

export class StreamRechecks {
  readonly #listening: () => Iterable<OpenRelay>;
  readonly #keys = new Set<string>();
  #isAllDue = false;
  #isRunning = false;

  /** `listening`: the streams that are open now. */
  constructor(listening: () => Iterable<OpenRelay>) {
    this.#listening = listening;
  }

  /** Those of this API key; null: all. A key does not wait for a check of all that is under way. */
  request(keyId: string | null): void {
    if (keyId === null) this.#isAllDue = true;
    else this.#keys.add(keyId);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#isAllDue || this.#keys.size > 0) {
        await this.#checkKeys();
        if (!this.#isAllDue) continue;
        this.#isAllDue = false;
        for (const relay of [...this.#listening()]) {
          await relay.recheck();
          await this.#checkKeys();
        }
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #checkKeys(): Promise<void> {
    if (this.#keys.size === 0) return;
    const keys = new Set(this.#keys);
    this.#keys.clear();
    for (const relay of [...this.#listening()]) {
      if (relay.keyId !== null && keys.has(relay.keyId)) await relay.recheck();
    }
  }
}
