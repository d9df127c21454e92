/**
 * Collects what is said within one turn of the event loop and sends it as one batch: under load a
 * message to another process costs more than what it says.
 */

export class TickBatch<Item> {
  readonly #send: (items: readonly Item[]) => void;
  readonly #beforeSend: () => void;
  #items: Item[] = [];
  #isScheduled = false;

  /** `beforeSend` may still push: what depends on everything else that happened in the tick. */
  constructor(send: (items: readonly Item[]) => void, beforeSend: () => void = () => undefined) {
    this.#send = send;
    this.#beforeSend = beforeSend;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.schedule();
  }

  /** Makes sure that `beforeSend` runs at the end of this tick. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.flush();
    });
  }

  flush(): void {
    this.#beforeSend();
    this.#isScheduled = false;
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    this.#send(items);
  }
}
