/**
 * Counts by key over a rolling window, in slices: the window moves in steps of windowMs / SLICES, and
 * what is counted now is forgotten after windowMs at the latest. Meant for a bounded set of keys.
 */

const SLICES = 12;

export class WindowCounts {
  #sliceMs: number;
  #current = new Map<string, number>();
  /** The slices before it, newest first. */
  readonly #older = Array.from({ length: SLICES - 1 }, () => new Map<string, number>());
  #newest = -Infinity;

  /** `windowMs` > 0. */
  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** A window of another length from now on; what was counted within the former one counts as of now. */
  setWindow(nowMs: number, windowMs: number): void {
    this.#advance(nowMs);
    for (const slice of this.#older) {
      for (const [key, count] of slice) {
        this.#current.set(key, (this.#current.get(key) ?? 0) + count);
      }
      slice.clear();
    }
    this.#sliceMs = windowMs / SLICES;
    this.#newest = Math.floor(nowMs / this.#sliceMs);
  }

  add(nowMs: number, key: string, count: number): void {
    this.#advance(nowMs);
    this.#current.set(key, (this.#current.get(key) ?? 0) + count);
  }

  /** Since at most windowMs. */
  sum(nowMs: number, key: string): number {
    this.#advance(nowMs);
    let total = this.#current.get(key) ?? 0;
    for (const slice of this.#older) total += slice.get(key) ?? 0;
    return total;
  }

  /** A clock that steps back goes on in the newest slice. */
  #advance(nowMs: number): void {
    const index = Math.floor(nowMs / this.#sliceMs);
    const passed = Math.min(SLICES, index - this.#newest);
    this.#newest = Math.max(this.#newest, index);
    for (let step = 0; step < passed; step += 1) {
      this.#older.unshift(this.#current);
      this.#current = this.#older.pop() ?? new Map<string, number>();
      this.#current.clear();
    }
  }
}
