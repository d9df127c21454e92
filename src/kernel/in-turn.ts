/**
 * Walks a map a part at a time, so that a long one stops nothing for long: each visit goes on where the
 * one before it ended. Entries may come and go at any time.
 */
export class InTurn<K, V> {
  readonly #map: ReadonlyMap<K, V>;
  #left: Iterator<[K, V]>;

  constructor(map: ReadonlyMap<K, V>) {
    this.#map = map;
    this.#left = map.entries();
  }

  /** `count`: how many to look at; a map with no more is walked whole. */
  visit(count: number, look: (key: K, value: V) => void): void {
    for (let left = Math.min(count, this.#map.size); left > 0; left -= 1) {
      let next = this.#left.next();
      if (next.done === true) {
        this.#left = this.#map.entries();
        next = this.#left.next();
        if (next.done === true) return;
      }
      look(...next.value);
    }
  }
}
