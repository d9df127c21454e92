/**
 * Bytes that arrive in pieces of any size and are wanted in one: each is copied at most twice, however small the
 * pieces are. (A list of pieces costs a hundred bytes each; putting them together at every piece is quadratic.)
 */

const FIRST_CAPACITY_BYTES = 4096;

export class GrowingBytes {
  #bytes: Buffer | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    const capacity = this.#bytes?.length ?? 0;
    if (this.#bytes === null || length > capacity) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * capacity, FIRST_CAPACITY_BYTES));
      this.#bytes?.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** What has arrived; not to be kept beyond the next `append`. */
  view(): Buffer {
    return (this.#bytes ?? NOTHING).subarray(0, this.#length);
  }

  /** What has arrived; the receiver's, as the next piece begins anew. */
  take(): Buffer {
    const bytes = this.view();
    this.#bytes = null;
    this.#length = 0;
    return bytes;
  }
}

const NOTHING = Buffer.alloc(0);
