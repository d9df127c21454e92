/**
 * A reply that is sent piece by piece, with a budget (requirement U8): the writer is told to pause
 * when the client reads slowly, and the connection is closed when the client takes nothing for
 * `stallTimeoutMs` or the writer goes on past `bufferBytes`.
 *
 *   flowing --push() false--> paused --onWritable--> flowing      end() waits for flowing
 *
 * Writes of one turn of the event loop leave in one batch, head and end included: a relayed answer
 * that arrived whole costs one system call.
 */
import type { ReplyStream } from '../gateway/exchange.js';
import { closeSoon } from './close-soon.js';
import type { DeadlineSet } from './deadline-set.js';
import type { ReplyHead } from './reply-head.js';
import type { Stalled, Wire } from './wire.js';

/** Handed to the socket in pieces of this size, so that what it buffers out of our sight is bounded. */
const MAX_PIECE_BYTES = 65_536;
/** A comment in the event-stream syntax; clients ignore it. */
const EMPTY_EVENT = ':\n\n';

export interface FrontStreamOptions {
  readonly head: ReplyHead;
  readonly bufferBytes: number;
  readonly stalls: DeadlineSet<Stalled>;
  readonly nowMs: () => number;
  /** Called once, when the last byte was handed over. */
  readonly onSent: () => void;
}

export class FrontStream implements ReplyStream, Stalled {
  readonly #wire: Wire;
  readonly #options: FrontStreamOptions;
  #queue: (Uint8Array | string)[] = [];
  #queuedBytes = 0;
  /** Bytes accepted after write() said pause. */
  #overdraftBytes = 0;
  #state: 'open' | 'ending' | 'cut' | 'closed' = 'open';
  #hasBegun = false;
  #isPaused = false;
  #isFlushDue = false;
  /** write() returned false, so the writer waits for its listener. */
  #owesDrain = false;
  #drainListener: (() => void) | undefined;

  constructor(wire: Wire, options: FrontStreamOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#scheduleFlush();
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#state !== 'open') return true;
    const bytes = typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
    if (bytes === 0) return !this.#owesDrain;
    this.#queuedBytes += bytes;
    if (this.#owesDrain) {
      this.#overdraftBytes += bytes;
      if (this.#overdraftBytes > this.#options.bufferBytes) {
        this.#wire.destroy();
        return false;
      }
    }
    this.#queue.push(chunk);
    this.#scheduleFlush();
    if (this.#isPaused || this.#queuedBytes >= MAX_PIECE_BYTES) this.#owesDrain = true;
    return !this.#owesDrain;
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#scheduleFlush();
  }

  cut(): void {
    if (this.#state !== 'open') return;
    this.#state = 'cut';
    // The writer may have learned of the fault inside a callback of the connection that is to be closed.
    closeSoon(() => {
      if (this.#state === 'cut') this.#wire.destroy();
    });
  }

  /** The connection may take more. */
  onWritable(): void {
    if (this.#state === 'closed' || !this.#isPaused) return;
    this.#isPaused = false;
    this.#options.stalls.delete(this);
    this.#flush();
  }

  keepWaiting(): void {
    if (this.#wire.isBehindAnother) this.#options.stalls.restart(this, this.#options.nowMs());
    else this.#wire.keepWaiting();
  }

  giveUp(): void {
    if (this.#wire.isBehindAnother) this.keepWaiting();
    else this.#wire.destroy();
  }

  /** The connection is gone: nothing more is written, and no listener is called. */
  abort(): void {
    this.#state = 'closed';
    this.#queue = [];
    this.#drainListener = undefined;
    this.#options.stalls.delete(this);
  }

  #scheduleFlush(): void {
    if (this.#isFlushDue || this.#isPaused) return;
    this.#isFlushDue = true;
    const flush = (): void => {
      this.#isFlushDue = false;
      if (this.#state === 'closed' || this.#isPaused) return;
      if (this.#hasBegun || this.#queue.length > 0 || this.#state === 'ending') this.#flush();
      else this.#beginSoon();
    };
    // A last reply must not end while the parser holds the packet of its request (front-exchange.ts).
    if (this.#options.head.connection === 'close') setImmediate(flush);
    else queueMicrotask(flush);
  }

  /** uWebSockets.js completes the head only with the first piece; a listening client must not wait. */
  #beginSoon(): void {
    setImmediate(() => {
      if (this.#hasBegun || this.#state === 'closed') return;
      const { flat } = this.#options.head.headers;
      const isEventStream = flat.some((field) => field.startsWith('text/event-stream'));
      if (isEventStream) this.#queue.unshift(EMPTY_EVENT);
      this.#flush();
    });
  }

  #flush(): void {
    this.#wire.batch(() => {
      this.#begin();
      this.#pushQueue();
      if (this.#state === 'ending' && !this.#isPaused) this.#finish();
    });
    if (this.#isPaused) this.#options.stalls.restart(this, this.#options.nowMs());
    else this.#tellDrained();
  }

  #finish(): void {
    this.#state = 'closed';
    if (this.#wire.endStream()) this.#options.onSent();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#wire.beginStream(this.#options.head);
  }

  #pushQueue(): void {
    while (!this.#isPaused) {
      const chunk = this.#queue.shift();
      if (chunk === undefined) break;
      const piece = this.#firstPiece(chunk);
      if (!this.#wire.push(piece)) this.#isPaused = true;
    }
    if (this.#queue.length === 0) this.#queuedBytes = 0;
  }

  /** Puts back what is longer than a piece. */
  #firstPiece(chunk: Uint8Array | string): Uint8Array | string {
    if (chunk.length <= MAX_PIECE_BYTES) return chunk;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.#queue.unshift(bytes.subarray(MAX_PIECE_BYTES));
    return bytes.subarray(0, MAX_PIECE_BYTES);
  }

  #tellDrained(): void {
    this.#overdraftBytes = 0;
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    if (this.#state === 'open') this.#drainListener?.();
  }
}
