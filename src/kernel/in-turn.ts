/**
 * Walks a map a part at a time, so that a long one stops nothing for long: each visit goes on where the
 * one before it ended. Entries may come and go at any time: a round looks at as many as there were at its
 * beginning, so however many come, one that stays is met within any two rounds.
 */
export class InTurn<K, V> {
  readonly #map: ReadonlyMap<K, V>;
  #round: Iterator<[K, V]>;
  #leftInRound = 0;

  constructor(map: ReadonlyMap<K, V>) {
    this.#map = map;
    this.#round = map.entries();
  }

  /** `count`: how many to look at; a map with no more is walked whole. */
  visit(count: number, look: (key: K, value: V) => void): void {
    for (let left = Math.min(count, this.#map.size); left > 0; left -= 1) {
      const entry = this.#next();
      if (entry === null) return;
      look(...entry);
    }
  }

  #next(): [K, V] | null {
    const next = this.#leftInRound === 0 ? null : this.#round.next();
    if (next?.done === false) {
      this.#leftInRound -= 1;
      return next.value;
    }
    this.#round = this.#map.entries();
    const first = this.#round.next();
    if (first.done === true) return null;
    this.#leftInRound = this.#map.size - 1;
    return first.value;
  }
}
