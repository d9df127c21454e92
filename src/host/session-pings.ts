/** Pings of the gateway's own in a legacy session, by their id on its channel: each ends once. */
import type { GatewayError } from '../kernel/errors.js';

/** `null`: the server gave a sign of life. */
export type OnPingEnd = (error: GatewayError | null) => void;

export class SessionPings {
  readonly #open = new Map<number, OnPingEnd>();

  /** Returns what forgets it. */
  add(id: number, onEnd: OnPingEnd): () => void {
    this.#open.set(id, onEnd);
    return () => {
      this.#open.delete(id);
    };
  }

  /** True when it was a ping's; an error is a sign of life too. */
  wasAnswered(id: number): boolean {
    const onEnd = this.#open.get(id);
    this.#open.delete(id);
    onEnd?.(null);
    return onEnd !== undefined;
  }

  fail(error: GatewayError): void {
    for (const onEnd of this.#open.values()) onEnd(error);
    this.#open.clear();
  }
}

export function pingMessage(id: number): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }));
}
