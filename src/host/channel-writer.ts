/**
 * Sends messages into a channel in order and waits while the server takes none. The queue is bounded
 * softly: callers ask `isFull` before they accept a request, so that it never holds more than the bound
 * and one request body.
 */
import { onOneLine } from '../mcp/splice.js';
import type { Channel, MessageOrigin } from './channel.js';

interface QueuedMessage {
  readonly bytes: Buffer;
  readonly origin: MessageOrigin;
  readonly id: number | null;
}

/** Chosen: some hundred ordinary requests, while a server takes none. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;
const MAX_QUEUED_MESSAGES = 1000;

export class ChannelWriter {
  readonly #channel: Channel;
  #queue: QueuedMessage[] = [];
  #queuedBytes = 0;
  #isBlocked = false;
  #isClosed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get isFull(): boolean {
    return this.#queue.length >= MAX_QUEUED_MESSAGES || this.#queuedBytes >= MAX_QUEUED_BYTES;
  }

  /** `id`: the request's id on this channel, by which it may be withdrawn. */
  send(message: Buffer, origin: MessageOrigin, id: number | null = null): void {
    if (this.#isClosed) return;
    const bytes = onOneLine(message);
    if (this.#isBlocked) {
      this.#queue.push({ bytes, origin, id });
      this.#queuedBytes += bytes.length;
    } else if (!this.#channel.send(bytes, origin)) this.#waitUntilWritable();
  }

  /** Takes a request back that has not been sent. True: the server will never see it. */
  withdraw(id: number): boolean {
    const index = this.#queue.findIndex((queued) => queued.id === id);
    const queued = this.#queue[index];
    if (queued === undefined) return false;
    this.#queue.splice(index, 1);
    this.#queuedBytes -= queued.bytes.length;
    return true;
  }

  /** The channel is gone; nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #waitUntilWritable(): void {
    this.#isBlocked = true;
    void this.#channel.writable().then(() => {
      this.#isBlocked = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (!this.#isBlocked && !this.#isClosed) {
      const queued = this.#queue.shift();
      if (queued === undefined) return;
      this.#queuedBytes -= queued.bytes.length;
      if (!this.#channel.send(queued.bytes, queued.origin)) this.#waitUntilWritable();
    }
  }
}
