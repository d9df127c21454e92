/**
 * Where the connections of one server's free slots are. A slot that comes back leaves a connection open in
 * the worker that used it; the next call of that worker takes both. When the slot is lent to another worker
 * instead, the connection has to go before that one opens its own. So all workers together have no more
 * connections than slots, and a connection is closed only when its slot moves.
 */
import type { Incarnation } from './lease-messages.js';

export class WarmSlots {
  /** Free slots that left a connection, by the worker where it is. */
  readonly #free = new Map<Incarnation, number>();
  #size = 0;

  /** Connections of free slots, over all workers. */
  get size(): number {
    return this.#size;
  }

  /** Whether one of its connections is free. */
  isWarm(worker: Incarnation): boolean {
    return this.#free.has(worker);
  }

  returned(worker: Incarnation, count: number): void {
    this.#free.set(worker, (this.#free.get(worker) ?? 0) + count);
    this.#size += count;
  }

  /** Lends one. Returns the other worker whose connection has to be closed for it, if there is one. */
  lend(worker: Incarnation): Incarnation | undefined {
    const from = this.#free.has(worker) ? this.#take(worker) : this.drop();
    return from === worker ? undefined : from;
  }

  /** There is one slot less. Returns the worker whose connection has to be closed, if there is one. */
  drop(): Incarnation | undefined {
    const [from] = this.#free.keys();
    return from === undefined ? undefined : this.#take(from);
  }

  /** The process is gone, and its connections with it. */
  forget(worker: Incarnation): void {
    this.#size -= this.#free.get(worker) ?? 0;
    this.#free.delete(worker);
  }

  #take(from: Incarnation): Incarnation {
    const count = this.#free.get(from) ?? 0;
    if (count > 1) this.#free.set(from, count - 1);
    else this.#free.delete(from);
    this.#size -= 1;
    return from;
  }
}
