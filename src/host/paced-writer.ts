/**
 * Writes one reply body at the pace of its reader: in slices, stopping when the reply says so. What
 * waits is bounded; a reader that falls further behind loses the connection rather than our memory
 * (a single message may be longer than the bound: the channel has its own).
 */
import { GatewayError, type ErrorCode } from '../kernel/errors.js';
import { SSE_PING } from '../mcp/sse.js';
import type { HostReply } from './host-exchange.js';

/** So that one large message does not fill the reply's queue in one go. Chosen: one data frame. */
const SLICE_BYTES = 64 * 1024;

export interface PacedWriterOptions {
  readonly maxPendingBytes: number;
  readonly now: () => number;
  /** Nothing is written any more, for whatever reason. Called once. */
  readonly onClosed: () => void;
}

export class PacedWriter {
  readonly #reply: HostReply;
  readonly #options: PacedWriterOptions;
  #queue: Buffer[] = [];
  #pendingBytes = 0;
  #isPaused = false;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #told: ErrorCode | undefined;
  #lastWriteAtMs: number;

  /** `reply.head` was called. */
  constructor(reply: HostReply, options: PacedWriterOptions) {
    this.#reply = reply;
    this.#options = options;
    this.#lastWriteAtMs = options.now();
    reply.onDrain(() => {
      this.#isPaused = false;
      this.#flush();
    });
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** No effect after `end`, `drop` or an overflow. */
  write(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    const { maxPendingBytes } = this.#options;
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes.length > maxPendingBytes) {
      this.drop();
      // An end in order would pass for the server's, and count against it.
      this.#reply.fail(new GatewayError('GW_SLOW_READER'));
      return;
    }
    this.#queue.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#flush();
  }

  /** Ends the reply once everything is written. `told`: see HostReply. */
  end(told?: ErrorCode): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#told = told;
    this.#flush();
  }

  /** Forgets what waits and writes nothing any more: the reply was aborted. */
  drop(): void {
    if (this.#state === 'closed') return;
    this.#queue = [];
    this.#pendingBytes = 0;
    this.#close();
  }

  /** A comment line when nothing was written for `idleMs`. */
  keepAlive(nowMs: number, idleMs: number): void {
    if (this.#state !== 'open' || this.#isPaused) return;
    if (nowMs - this.#lastWriteAtMs >= idleMs) this.write(SSE_PING);
  }

  #flush(): void {
    while (!this.#isPaused && this.#queue.length > 0) {
      const slice = this.#nextSlice();
      this.#lastWriteAtMs = this.#options.now();
      // It may abort the reply at once, which drops the queue.
      this.#isPaused = !this.#reply.write(slice);
    }
    if (this.#state === 'ending' && this.#queue.length === 0) {
      this.#close();
      this.#reply.end(this.#told);
    }
  }

  #close(): void {
    this.#state = 'closed';
    this.#options.onClosed();
  }

  #nextSlice(): Buffer {
    const first = this.#queue[0] ?? Buffer.alloc(0);
    const slice = first.subarray(0, SLICE_BYTES);
    if (slice.length === first.length) this.#queue.shift();
    else this.#queue[0] = first.subarray(SLICE_BYTES);
    this.#pendingBytes -= slice.length;
    return slice;
  }
}
