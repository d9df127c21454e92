/**
 * How many connections to each HTTP server a worker may keep open, by the slots it holds: none is idle
 * beyond those when slots go back, but for a few spare ones. Under contention slots change hands with
 * every call, and without any spare one so would connections. All workers together have at most an
 * eighth of the server's limit to spare, none where the limit is small (docs/decisions/0009).
 */

export interface ConnectionQuotaOptions {
  readonly workers: number;
  /** Of the server, over all workers; 0: it has none that are closed here. */
  readonly maxConnections: (server: string) => number;
  /** Closes idle ones until at most so many are open. */
  readonly keep: (server: string, count: number) => void;
}

const SPARE_SHARE = 1 / 8;
/** A spare one that nobody needed for half a second of sweeps is closed. */
const REMEMBERED_SWEEPS = 4;

export class ConnectionQuota {
  readonly #options: ConnectionQuotaOptions;
  readonly #held = new Map<string, readonly number[]>();

  constructor(options: ConnectionQuotaOptions) {
    this.#options = options;
  }

  /** Before slots go back; `left` stay. */
  leaving(server: string, left: number): void {
    this.#options.keep(server, left + this.#spare(server));
  }

  /** To be called at every sweep, every 125 ms, with the slots held. */
  sweep(server: string, held: number): void {
    const recent = [...(this.#held.get(server) ?? []).slice(1 - REMEMBERED_SWEEPS), held];
    const most = Math.max(...recent);
    this.#options.keep(server, Math.min(most, held + this.#spare(server)));
    if (most === 0) this.#held.delete(server);
    else this.#held.set(server, recent);
  }

  #spare(server: string): number {
    const { workers, maxConnections } = this.#options;
    return Math.floor((maxConnections(server) * SPARE_SHARE) / workers);
  }
}
