/**
 * The host's side of one exchange with a worker: an endpoint's reply turned into frames, held back
 * when the worker has given no more credit or its socket is congested. What is held is bounded: an
 * endpoint that writes on although the bound was reached loses this exchange, and only this one.
 */
import { GatewayError, type ErrorCode } from '../kernel/errors.js';
import { INITIAL_CREDIT_BYTES } from '../ipc/frames.js';
import type { FrameConnection } from '../upstream/frame-connection.js';
import type { HostReply } from './host-exchange.js';

export interface FrameReplyOptions {
  readonly exchangeId: number;
  readonly connection: FrameConnection;
  /** Bytes held back from which on another `write` ends the exchange. */
  readonly streamBufferBytes: number;
  /** Called once, when the last frame was encoded or the exchange was given up. */
  readonly onDone: () => void;
}

export class FrameReply implements HostReply {
  readonly #options: FrameReplyOptions;
  #creditBytes = INITIAL_CREDIT_BYTES;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #state: 'head' | 'data' | 'ending' | 'done' = 'head';
  #told: ErrorCode | null = null;
  #wantsDrain = false;
  #onDrain: () => void = () => undefined;
  #onAbort: () => void = () => undefined;
  #wasAborted = false;

  constructor(options: FrameReplyOptions) {
    this.#options = options;
  }

  head(status: number, headers: readonly string[]): void {
    if (this.#state !== 'head') return;
    this.#state = 'data';
    this.#options.connection.frames().head(this.#options.exchangeId, status, headers);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== 'data') return true;
    if (this.#heldBytes > this.#options.streamBufferBytes) {
      this.fail(new GatewayError('GW_SLOW_READER'));
      return false;
    }
    if (this.#heldBytes > 0 || !this.#canSend(bytes.length)) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      this.#sendHeld();
    } else this.#send(bytes);
    const isFull = this.#heldBytes > 0;
    this.#wantsDrain = isFull;
    return !isFull;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  end(told?: ErrorCode): void {
    if (this.#state === 'ending' || this.#state === 'done') return;
    if (this.#state === 'head') {
      this.fail(new GatewayError('GW_INTERNAL', { log: { endBeforeHead: true } }));
      return;
    }
    this.#state = 'ending';
    this.#told = told ?? null;
    this.#finishIfSent();
  }

  onAbort(listener: () => void): void {
    this.#onAbort = listener;
    // The endpoint may ask only after a worker died within the same turn.
    if (this.#wasAborted) listener();
  }

  credit(bytes: number): void {
    this.#creditBytes += bytes;
    this.resume();
  }

  /** More may be sent: after credit, or when the socket is no longer congested. */
  resume(): void {
    if (this.#state === 'done') return;
    this.#sendHeld();
    this.#finishIfSent();
    if (!this.#wantsDrain || this.#heldBytes > 0) return;
    this.#wantsDrain = false;
    this.#onDrain();
  }

  /** The worker gave the exchange up, or died. */
  abort(): void {
    if (this.#state === 'done') return;
    this.#close();
    this.#wasAborted = true;
    this.#onAbort();
  }

  fail(error: GatewayError): void {
    if (this.#state === 'done') return;
    this.#options.connection.frames().error(this.#options.exchangeId, {
      code: error.code,
      hint: error.options.hint ?? null,
      retryAfterMs: error.options.retryAfterMs ?? null,
    });
    this.abort();
  }

  #canSend(bytes: number): boolean {
    return this.#creditBytes >= bytes && !this.#options.connection.isCongested;
  }

  #send(bytes: Uint8Array): void {
    this.#creditBytes -= bytes.length;
    this.#options.connection.frames().data(this.#options.exchangeId, bytes);
  }

  #sendHeld(): void {
    let index = 0;
    for (; index < this.#held.length; index += 1) {
      const bytes = this.#held[index];
      if (bytes === undefined || this.#creditBytes <= 0 || this.#options.connection.isCongested)
        break;
      if (bytes.length > this.#creditBytes) {
        this.#heldBytes -= this.#creditBytes;
        this.#held[index] = bytes.subarray(this.#creditBytes);
        this.#send(bytes.subarray(0, this.#creditBytes));
        break;
      }
      this.#heldBytes -= bytes.length;
      this.#send(bytes);
    }
    if (index > 0) this.#held.splice(0, index);
  }

  #finishIfSent(): void {
    if (this.#state !== 'ending' || this.#heldBytes > 0) return;
    this.#options.connection.frames().end(this.#options.exchangeId, this.#told);
    this.#close();
  }

  #close(): void {
    this.#state = 'done';
    this.#held = [];
    this.#heldBytes = 0;
    this.#options.onDone();
  }
}
