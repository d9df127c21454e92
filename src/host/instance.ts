/**
 * One instance of the server as its user sees it: a channel, what waits to be sent on it, and one end,
 * told once. An instance that ends within its own opening counts as not opened.
 */
import type { GatewayError } from '../kernel/errors.js';
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { Channel, ChannelOwner, ChannelSource } from './channel.js';
import { ChannelWriter } from './channel-writer.js';
import { cancellation } from './server-message.js';

export interface InstanceEvents {
  onMessage(bytes: Buffer, relatedId: JsonRpcId | undefined): void;
  /** See ChannelListener. */
  onStreamClosed(relatedId: JsonRpcId): void;
  /** It ended by itself. Until this returns, `withdraw` still tells what was never sent. */
  onLost(cause: GatewayError): void;
}

export interface InstanceOptions {
  readonly source: ChannelSource;
  readonly owner: ChannelOwner;
  /** Whether cancellations need the modern envelope. */
  readonly era: 'legacy' | 'modern';
  readonly events: InstanceEvents;
}

export class Instance {
  readonly #channel: Channel;
  readonly #writer: ChannelWriter;
  readonly #options: InstanceOptions;
  #isOpen = false;
  #lostBy: GatewayError | null = null;

  /** Throws what `source.open` throws, and why it ended when it ended at once. */
  constructor(options: InstanceOptions) {
    this.#options = options;
    const { source, owner, events } = options;
    this.#channel = source.open(owner, {
      onMessage: (bytes, relatedId) => {
        if (this.#isOpen) events.onMessage(bytes, relatedId);
      },
      onStreamClosed: (relatedId) => {
        if (this.#isOpen) events.onStreamClosed(relatedId);
      },
      onClose: (cause) => {
        this.#onClose(cause);
      },
    });
    this.#writer = new ChannelWriter(this.#channel);
    this.#throwIfLost();
    this.#isOpen = true;
  }

  /** It takes no messages now; what was accepted waits. */
  get isFull(): boolean {
    return this.#writer.isFull;
  }

  /** `id`: the request's id on this channel, by which it may be withdrawn. */
  send(message: Buffer, user: string, id: number | null = null): void {
    const { credential } = this.#options.owner;
    this.#writer.send(message, { user, credential }, id);
  }

  /** Takes a request back. False: it was sent. */
  withdraw(id: number): boolean {
    return this.#writer.withdraw(id);
  }

  /** Tells the server that nobody waits for the request any more. */
  cancel(id: number, user: string, reason: string): void {
    this.send(cancellation(id, reason, this.#options.era), user);
    this.#channel.cancel(id);
  }

  /** Resolves when nothing is left of it. `onLost` is not called. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#writer.close();
    await this.#channel.close();
  }

  #onClose(cause: GatewayError): void {
    this.#lostBy = cause;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.events.onLost(cause);
    this.#writer.close();
  }

  #throwIfLost(): void {
    if (this.#lostBy !== null) throw this.#lostBy;
  }
}
