/**
 * The messages of one stream that a client may still ask for again with `Last-Event-ID`. Bounded in
 * number and bytes: the oldest are forgotten first, the newest stays whatever its size, because it is
 * the response somebody waits for.
 */

export interface EventStoreLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

export interface StoredEvent {
  /** Counts from 1 within the stream. */
  readonly sequence: number;
  /** As written to the wire. */
  readonly bytes: Buffer;
}

export class EventStore {
  readonly #limits: EventStoreLimits;
  #events: StoredEvent[] = [];
  #lastSequence = 0;
  #byteLength = 0;

  constructor(limits: EventStoreLimits) {
    this.#limits = limits;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** `encode` turns the event's sequence number into its bytes; they belong to the store from then on. */
  append(encode: (sequence: number) => Buffer): StoredEvent {
    this.#lastSequence += 1;
    const event = { sequence: this.#lastSequence, bytes: encode(this.#lastSequence) };
    this.#events.push(event);
    this.#byteLength += event.bytes.length;
    this.#forgetOldest();
    return event;
  }

  /** What came after `sequence` and is still here, oldest first. */
  after(sequence: number): readonly StoredEvent[] {
    return this.#events.filter((event) => event.sequence > sequence);
  }

  clear(): void {
    this.#events = [];
    this.#byteLength = 0;
  }

  #forgetOldest(): void {
    const { maxEvents, maxBytes } = this.#limits;
    let count = 0;
    while (
      this.#events.length - count > 1 &&
      (this.#events.length - count > maxEvents || this.#byteLength > maxBytes)
    ) {
      this.#byteLength -= this.#events[count]?.bytes.length ?? 0;
      count += 1;
    }
    if (count > 0) this.#events.splice(0, count);
  }
}
