/** The event streams that are open now, so that silent ones get a comment line before a proxy cuts them. */
import type { PacedWriter } from './paced-writer.js';

export class Heartbeats {
  readonly #idleMs: number;
  readonly #writers = new Set<PacedWriter>();

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  get streamCount(): number {
    return this.#writers.size;
  }

  add(writer: PacedWriter): void {
    this.#writers.add(writer);
  }

  delete(writer: PacedWriter): void {
    this.#writers.delete(writer);
  }

  sweep(nowMs: number): void {
    for (const writer of this.#writers) writer.keepAlive(nowMs, this.#idleMs);
  }
}
