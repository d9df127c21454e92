/**
 * Leaves out the byte order mark that some servers (PHP files saved with one, .NET's StreamWriter) put before an
 * answer. Clients skip it where it comes first: in JSON (RFC 8259 §8.1) and in an event stream (WHATWG HTML §9.2.6).
 * Behind the comment that begins our streams it would stand first no more, and hide the first event.
 */

const MARK = Buffer.from('\ufeff');
const NOTHING = Buffer.alloc(0);

export class WithoutMark {
  /** Bytes that may yet become a mark; null: that is decided. */
  #held: Buffer | null = NOTHING;

  /** What may be passed on of it; empty for nothing yet. */
  take(chunk: Buffer): Buffer {
    const held = this.#held;
    if (held === null) return chunk;
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (bytes.length < MARK.length && MARK.subarray(0, bytes.length).equals(bytes)) {
      this.#held = bytes;
      return NOTHING;
    }
    this.#held = null;
    return MARK.equals(bytes.subarray(0, MARK.length)) ? bytes.subarray(MARK.length) : bytes;
  }

  /** At the end: what was no mark after all. */
  rest(): Buffer {
    return this.#held ?? NOTHING;
  }
}
