/**
 * One socket that carries frames: used by the worker's end (host-link.ts) and by the host's
 * (host-server.ts). What is encoded in one turn of the event loop leaves in one write, which is most
 * of what makes an exchange cheap; the receiving end gets it in one read likewise.
 */
import type { Socket } from 'node:net';
import { FrameDecoder } from '../ipc/frame-decoder.js';
import { FrameEncoder } from '../ipc/frame-encoder.js';
import { MAX_FRAME_OVERHEAD_BYTES, type Frame } from '../ipc/frames.js';

export interface FrameConnectionListener {
  onFrame(frame: Frame): void;
  /** The peer reads again after `isCongested` was true. */
  onDrain(): void;
  /** Called once; the connection is of no use any more. */
  onClose(cause: Error | null): void;
}

/** Encoded bytes waiting for the peer beyond which data should be held back. Chosen. */
const CONGESTED_BYTES = 1024 * 1024;
/** How long the peer may take to read the last bytes. */
const END_TIMEOUT_MS = 500;

export class FrameConnection {
  readonly #socket: Socket;
  readonly #listener: FrameConnectionListener;
  readonly #encoder = new FrameEncoder();
  readonly #decoder: FrameDecoder;
  #flushScheduled = false;
  #wasCongested = false;
  #cause: Error | null = null;
  #isClosed = false;

  /** Takes the socket over. `maxBodyBytes` bounds the frames that the peer may send. */
  constructor(socket: Socket, maxBodyBytes: number, listener: FrameConnectionListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#decoder = new FrameDecoder(maxBodyBytes + MAX_FRAME_OVERHEAD_BYTES);
    const onFrame = (frame: Frame): void => {
      if (!this.#isClosed) listener.onFrame(frame);
    };
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk, onFrame);
    });
    socket.on('drain', () => {
      this.#drained();
    });
    socket.on('error', (error) => {
      this.#cause ??= error;
    });
    socket.on('close', () => {
      this.#isClosed = true;
      listener.onClose(this.#cause);
    });
  }

  /** Encode frames here; they leave at the end of this turn of the event loop. */
  frames(): FrameEncoder {
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(() => {
        this.flush();
      });
    }
    return this.#encoder;
  }

  /** Whether data frames should wait for `onDrain`. Bounded anyway by every exchange's credit. */
  get isCongested(): boolean {
    const bytes = this.#socket.writableLength + this.#encoder.pendingBytes;
    if (bytes <= CONGESTED_BYTES) return false;
    this.#wasCongested = true;
    return true;
  }

  flush(): void {
    this.#flushScheduled = false;
    const parts = this.#encoder.take();
    if (this.#isClosed || this.#socket.destroyed || parts.length === 0) return;
    if (parts.length > 1) this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    if (parts.length > 1) this.#socket.uncork();
    this.#drained();
  }

  /** Sends what is encoded, then ends the connection; a peer that does not read is cut off. */
  end(): void {
    this.flush();
    this.#socket.end();
    const timer = setTimeout(() => {
      this.#socket.destroy();
    }, END_TIMEOUT_MS);
    this.#socket.once('close', () => {
      clearTimeout(timer);
    });
  }

  /** Drops the connection at once, with whatever is not written yet. */
  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    try {
      this.#decoder.push(chunk, onFrame);
    } catch (cause) {
      // A stream that lost its framing cannot be resynchronised.
      this.#cause = cause instanceof Error ? cause : new Error(String(cause));
      this.#socket.destroy();
    }
  }

  #drained(): void {
    if (!this.#wasCongested || this.isCongested) return;
    this.#wasCongested = false;
    this.#listener.onDrain();
  }
}
