/**
 * Where the connections of free slots are. A slot that comes back leaves a connection open in the worker
 * that used it; the next call of that worker takes both. When the slot has to be lent to another worker
 * instead, the connection must go before that one opens its own (owed-goodbyes.ts). So all workers together
 * have no more connections than slots, and a connection is closed only when its slot moves.
 */
import type { Incarnation } from './lease-messages.js';

export interface WarmSlot {
  readonly server: string;
  readonly worker: Incarnation;
}

export class WarmSlots {
  /** By server, the one that got its first longest ago in front, and by the worker that has the connection. */
  readonly #free = new Map<string, Map<Incarnation, number>>();
  readonly #sizes = new Map<string, number>();
  #size = 0;

  /** Of all servers. */
  get size(): number {
    return this.#size;
  }

  sizeOf(server: string): number {
    return this.#sizes.get(server) ?? 0;
  }

  /** Whether a free slot of the server has its connection in this worker. */
  has(server: string, worker: Incarnation): boolean {
    return this.#free.get(server)?.has(worker) ?? false;
  }

  returned(server: string, worker: Incarnation, count: number): void {
    let ofServer = this.#free.get(server);
    if (ofServer === undefined) {
      ofServer = new Map();
      this.#free.set(server, ofServer);
    }
    ofServer.set(worker, (ofServer.get(worker) ?? 0) + count);
    this.#grow(server, count);
  }

  /** Takes one of the worker's own. False: it has none. */
  take(server: string, worker: Incarnation): boolean {
    const ofServer = this.#free.get(server);
    const count = ofServer?.get(worker);
    if (ofServer === undefined || count === undefined) return false;
    if (count > 1) ofServer.set(worker, count - 1);
    else this.#delete(server, ofServer, worker);
    this.#grow(server, -1);
    return true;
  }

  /** Gives up one of the server, or of any server. Returns where a connection has to be closed for it. */
  drop(server?: string): WarmSlot | undefined {
    const [of] = server === undefined ? this.#free.keys() : [server];
    if (of === undefined) return undefined;
    const [worker] = this.#free.get(of)?.keys() ?? [];
    if (worker === undefined) return undefined;
    this.take(of, worker);
    return { server: of, worker };
  }

  /** The process is gone, and its connections with it. */
  forget(worker: Incarnation): void {
    for (const [server, ofServer] of this.#free) {
      const count = ofServer.get(worker);
      if (count === undefined) continue;
      this.#delete(server, ofServer, worker);
      this.#grow(server, -count);
    }
  }

  #delete(server: string, ofServer: Map<Incarnation, number>, worker: Incarnation): void {
    ofServer.delete(worker);
    if (ofServer.size === 0) this.#free.delete(server);
  }

  #grow(server: string, by: number): void {
    this.#size += by;
    const size = this.sizeOf(server) + by;
    if (size === 0) this.#sizes.delete(server);
    else this.#sizes.set(server, size);
  }
}
