/** How much memory this process takes. Node.js reads it from /proc, which needs a free file descriptor. */

export interface OwnMemorySizes {
  readonly rss: number;
  readonly heapUsed: number;
}

export class OwnMemory {
  #last: OwnMemorySizes = { rss: 0, heapUsed: 0 };

  /** What was read last where it cannot be read now: it throws when there are too many open files. */
  read(): OwnMemorySizes {
    try {
      this.#last = process.memoryUsage();
    } catch {
      // A gauge that stands still for a while is better than a process that ends.
    }
    return this.#last;
  }
}
