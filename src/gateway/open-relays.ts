/**
 * The exchanges a worker has under way with one server. Those that wait for an answer share one timeout,
 * so arrival order is deadline order and one sweep replaces a timer each. A drain waits for the short
 * ones and ends the long ones in order.
 */
import type { GatewayError } from '../kernel/errors.js';
import { LinkedList, type Linked } from '../kernel/linked-list.js';

export interface OpenRelay extends Linked<OpenRelay> {
  readonly isListening: boolean;
  readonly startedAtMs: number;
  /** The API key that it was asked for with; null: none. */
  readonly keyId: string | null;
  /** The server did not answer in time. */
  timeOut(): void;
  /**
   * Ends it from our side: told to the client where there is an id to tell it for. `mayGoOn`: its server works on, so
   * a client that can resume the stream is not told.
   */
  endBecause(error: GatewayError, mayGoOn: boolean): void;
  /** Ends it where its credential does not hold any more. Never rejects. */
  recheck(): Promise<void>;
}

export class OpenRelays {
  /** The server's `requestTimeout`: to the response's head, and to the end of a JSON answer. */
  readonly timeoutMs: number;
  readonly #waiting = new LinkedList<OpenRelay>();
  readonly #streaming = new LinkedList<OpenRelay>();

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#waiting.size + this.#streaming.size;
  }

  begin(relay: OpenRelay): void {
    this.#waiting.append(relay);
  }

  /** From now on its own limits hold, not the server's timeout. */
  becomeStream(relay: OpenRelay): void {
    this.#waiting.remove(relay);
    this.#streaming.append(relay);
  }

  end(relay: OpenRelay, isStream: boolean): void {
    (isStream ? this.#streaming : this.#waiting).remove(relay);
  }

  /** Ends what waited too long. To be called often: a slot is held until then. */
  expire(nowMs: number): void {
    const dueMs = nowMs - this.timeoutMs;
    for (let relay = this.#waiting.first; relay !== null; relay = this.#waiting.first) {
      if (relay.startedAtMs > dueMs) return;
      relay.timeOut();
    }
  }

  *listening(): Iterable<OpenRelay> {
    for (const list of [this.#streaming, this.#waiting]) {
      for (const relay of list.items()) if (relay.isListening) yield relay;
    }
  }

  /** Ends listening streams now, or everything. `mayGoOn`: as for one. */
  endAll(error: GatewayError, which: 'listening' | 'all', mayGoOn = false): void {
    for (const relay of [...this.#streaming.items(), ...this.#waiting.items()]) {
      if (which === 'all' || relay.isListening) relay.endBecause(error, mayGoOn);
    }
  }
}
