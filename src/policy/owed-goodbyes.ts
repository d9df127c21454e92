/**
 * Connections that workers were told to close, and what waits for it. A slot that moves from one worker to
 * another is granted only when the first has closed its connection: a server then never sees more
 * connections than it has slots. Answers come in the order of the questions, for each worker has one channel;
 * what a process owed when it ended, its exit has done.
 */
import type { Incarnation } from './lease-messages.js';

export class OwedGoodbyes<Waiting> {
  /** By worker, oldest first. */
  readonly #owed = new Map<Incarnation, Waiting[]>();

  asked(from: Incarnation, waiting: Waiting): void {
    const owed = this.#owed.get(from);
    if (owed === undefined) this.#owed.set(from, [waiting]);
    else owed.push(waiting);
  }

  /** The worker has closed so many. Returns what waited for them; more than it owes is not believed. */
  closed(from: Incarnation, count: number): readonly Waiting[] {
    const owed = this.#owed.get(from);
    if (owed === undefined) return [];
    const done = owed.splice(0, count);
    if (owed.length === 0) this.#owed.delete(from);
    return done;
  }

  /** The process is gone, and its connections with it. Returns what waited for them. */
  exited(from: Incarnation): readonly Waiting[] {
    return this.closed(from, Infinity);
  }
}
