/**
 * Cuts a byte stream into lines in linear time, whatever the sizes of lines and chunks: each byte is
 * searched once and copied at most twice. (The SDK's ReadBuffer concatenates per chunk and searches
 * from the start again, which is quadratic for a large message.) A line longer than the cap is not
 * collected: its first bytes are handed over once, and the rest up to the newline is skipped.
 */

export interface LineSplitterListener {
  /** Without its newline, nor a carriage return before it; may be empty. The bytes are the receiver's. */
  onLine(line: Buffer): void;
  /** A line is longer than the cap; `start` is what was collected of it. */
  onOverlong(start: Buffer): void;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FIRST_CAPACITY_BYTES = 64 * 1024;

export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #listener: LineSplitterListener;
  /** The line so far, where it spans chunks; grows by doubling, so it holds at most twice the cap. */
  #partial = Buffer.alloc(0);
  #partialBytes = 0;
  #isSkipping = false;

  constructor(maxLineBytes: number, listener: LineSplitterListener) {
    this.#maxLineBytes = maxLineBytes;
    this.#listener = listener;
  }

  push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from);
      const to = newline === -1 ? chunk.length : newline;
      if (!this.#isSkipping) this.#take(chunk.subarray(from, to), newline !== -1);
      if (newline === -1) return;
      this.#isSkipping = false;
      from = newline + 1;
    }
  }

  /** The stream ended: a last line without a newline is a line too. */
  end(): void {
    if (this.#partialBytes > 0) this.#emit(this.#collected());
  }

  #take(piece: Buffer, isComplete: boolean): void {
    if (this.#partialBytes + piece.length > this.#maxLineBytes) {
      this.#collect(piece.subarray(0, this.#maxLineBytes - this.#partialBytes));
      this.#isSkipping = !isComplete;
      this.#listener.onOverlong(this.#collected());
      return;
    }
    if (isComplete && this.#partialBytes === 0) {
      this.#emit(piece);
      return;
    }
    this.#collect(piece);
    if (isComplete) this.#emit(this.#collected());
  }

  #collect(piece: Buffer): void {
    const needed = this.#partialBytes + piece.length;
    if (needed > this.#partial.length) {
      const capacity = Math.max(needed, 2 * this.#partial.length, FIRST_CAPACITY_BYTES);
      const grown = Buffer.allocUnsafeSlow(
        Math.min(capacity, Math.max(this.#maxLineBytes, needed)),
      );
      this.#partial.copy(grown, 0, 0, this.#partialBytes);
      this.#partial = grown;
    }
    piece.copy(this.#partial, this.#partialBytes);
    this.#partialBytes = needed;
  }

  /** Hands the collected bytes over; the next line gets memory of its own. */
  #collected(): Buffer {
    const line = this.#partial.subarray(0, this.#partialBytes);
    this.#partial = Buffer.alloc(0);
    this.#partialBytes = 0;
    return line;
  }

  #emit(line: Buffer): void {
    const hasReturn = line.at(-1) === CARRIAGE_RETURN;
    this.#listener.onLine(hasReturn ? line.subarray(0, -1) : line);
  }
}
