/**
 * Things that all get the same time, in the order in which their time runs out: bodies on their
 * way, replies a client stopped taking. Equal time makes arrival order deadline order, so one sweep
 * a second replaces a timer per request and looks only at what is due.
 */
export class DeadlineSet<Item> {
  readonly timeoutMs: number;
  /** A Map iterates in insertion order; a restarted item is taken out and put back last. */
  readonly #dueAtMs = new Map<Item, number>();

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#dueAtMs.size;
  }

  /** Gives the item its full time from now, whether or not it was waiting already. */
  restart(item: Item, nowMs: number): void {
    this.#dueAtMs.delete(item);
    this.#dueAtMs.set(item, nowMs + this.timeoutMs);
  }

  delete(item: Item): void {
    this.#dueAtMs.delete(item);
  }

  /** Takes out every item whose time has run out, then tells about each. */
  expire(nowMs: number, onExpired: (item: Item) => void): void {
    const expired: Item[] = [];
    for (const [item, dueAtMs] of this.#dueAtMs) {
      if (dueAtMs > nowMs) break;
      expired.push(item);
    }
    // Taken out first: the callback may restart an item, which must not be visited twice.
    for (const item of expired) this.#dueAtMs.delete(item);
    for (const item of expired) onExpired(item);
  }

  forEach(visit: (item: Item) => void): void {
    for (const item of [...this.#dueAtMs.keys()]) visit(item);
  }
}
