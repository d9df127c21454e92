/**
 * Stands in for a channel whose module is still loading: keeps the messages sent to it, in order, and
 * passes them on when the module is ready, or reports that it did not load.
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { Channel, ChannelListener, MessageOrigin } from './channel.js';

interface Hooks {
  readonly listener: ChannelListener;
  /** Called once when nothing took its place. */
  readonly onGone: () => void;
}

/** Messages kept at most: a session sends one or two before its first answer. */
const MAX_WAITING = 1000;

export class LoadingChannel implements Channel {
  readonly #hooks: Hooks;
  #target: Channel | null = null;
  #waiting: ((target: Channel) => void)[] = [];
  #isOver = false;

  /** `open` may throw, which is reported to the listener; `ready` must not reject. */
  constructor(ready: Promise<void>, open: () => Channel, hooks: Hooks) {
    this.#hooks = hooks;
    void ready.then(() => {
      this.#take(open);
    });
  }

  send(message: Uint8Array, origin: MessageOrigin): boolean {
    return this.#later((target) => {
      target.send(message, origin);
    });
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  cancel(id: JsonRpcId): void {
    this.#later((target) => {
      target.cancel(id);
    });
  }

  close(): Promise<void> {
    if (this.#target !== null) return this.#target.close();
    this.#end(new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint: 'Its connection was closed.' }));
    return Promise.resolve();
  }

  #later(act: (target: Channel) => void): boolean {
    if (this.#target !== null) act(this.#target);
    else if (this.#waiting.length >= MAX_WAITING) {
      this.#end(new GatewayError('GW_SHED', { hint: 'Its module is still loading.' }));
    } else if (!this.#isOver) this.#waiting.push(act);
    return true;
  }

  #take(open: () => Channel): void {
    if (this.#isOver) return;
    try {
      this.#target = open();
    } catch (thrown) {
      this.#end(asGatewayError(thrown));
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) act(this.#target);
  }

  #end(error: GatewayError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = [];
    this.#hooks.listener.onClose(error);
    this.#hooks.onGone();
  }
}
