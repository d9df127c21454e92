/**
 * Cuts a stream of server-sent events after whole events, in time that grows with its bytes and not with the number
 * of pieces in which they come: a server decides how it cuts its stream.
 */
import { GrowingBytes } from '../kernel/growing-bytes.js';
import { completeEventsLength } from './sse-boundary.js';

export class EventBuffer {
  readonly #held = new GrowingBytes();

  /** Of an event whose end has not come. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** As far as it has come; not to be kept beyond the next `take`. */
  held(): Buffer {
    return this.#held.view();
  }

  /** The events that end in these bytes, from their first byte on; null where none does. They are the receiver's. */
  take(chunk: Buffer): Buffer | null {
    const heldBytes = this.#held.length;
    if (heldBytes === 0) return this.#split(chunk, completeEventsLength(chunk));
    this.#held.append(chunk);
    const length = completeEventsLength(this.#held.view(), heldBytes);
    return length === 0 ? null : this.#split(this.#held.take(), length);
  }

  /** The bytes of the event that has not ended; null for none. What comes next begins anew. */
  takeHeld(): Buffer | null {
    return this.#held.length === 0 ? null : this.#held.take();
  }

  #split(bytes: Buffer, length: number): Buffer | null {
    if (length < bytes.length) this.#held.append(bytes.subarray(length));
    return length === 0 ? null : bytes.subarray(0, length);
  }
}
