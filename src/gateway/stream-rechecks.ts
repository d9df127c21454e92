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

  /** Those of this API key; null: all. What is asked for during a check is checked after it. */
  request(keyId: string | null): void {
    if (keyId === null) this.#isAllDue = true;
    else this.#keys.add(keyId);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isAllDue || this.#keys.size > 0) {
      const keys = this.#isAllDue ? null : new Set(this.#keys);
      this.#isAllDue = false;
      this.#keys.clear();
      for (const relay of [...this.#listening()]) {
        if (keys === null || (relay.keyId !== null && keys.has(relay.keyId))) await relay.recheck();
      }
    }
    this.#isRunning = false;
  }
}
