/**
 * A pool of upstream connections that shrinks with the slots its worker holds. Slots wander between
 * workers and an idle connection does not follow: without this, every worker would keep as many as it
 * once needed until `idleTimeout`, and all together several times the server's limit. So the worker
 * says at each sweep how many slots it holds, and idle connections beyond the most of the last few
 * sweeps are closed. Busy ones are never touched.
 */
import type { Socket } from 'node:net';
import { Client, Pool, type buildConnector } from 'undici';

export interface TrimmedPoolOptions extends Omit<Pool.Options, 'factory' | 'connections'> {
  readonly connections: number;
}

interface Connection {
  readonly client: Client;
  socket: Socket | null;
}

/** Under contention a worker's share changes from moment to moment: half a second of sweeps smooths it. */
const REMEMBERED_SWEEPS = 4;

export class TrimmedPool {
  readonly pool: Pool;
  readonly #connections = new Set<Connection>();
  #held: number[] = [];

  constructor(origin: string, options: TrimmedPoolOptions) {
    this.pool = new Pool(origin, {
      ...options,
      factory: (url, clientOptions) => this.#newClient(url, clientOptions),
    });
  }

  /** Connections that are open now. */
  get open(): number {
    let count = 0;
    for (const { socket } of this.#connections) if (isOpen(socket)) count += 1;
    return count;
  }

  /** Connections that are open, or may be again. */
  get known(): number {
    return this.#connections.size;
  }

  /** To be called at every sweep with the slots held; returns how many idle connections it closed. */
  trim(held: number): number {
    this.#held = [...this.#held.slice(1 - REMEMBERED_SWEEPS), held];
    let excess = this.open - Math.max(...this.#held);
    if (excess <= 0) return 0;
    let closed = 0;
    for (const { client, socket } of this.#connections) {
      if (excess === 0) break;
      if (!isOpen(socket) || client.stats.size > 0) continue;
      // Nothing is on it; the client connects again when there is.
      socket.destroy();
      excess -= 1;
      closed += 1;
    }
    return closed;
  }

  #newClient(url: URL, options: Client.Options): Client {
    const connect = options.connect as buildConnector.connector;
    const client = new Client(url, {
      ...options,
      connect: (target, callback) => {
        connect(target, (...result) => {
          const [, socket] = result;
          if (socket !== null) connection.socket = socket;
          callback(...result);
        });
      },
    });
    const connection: Connection = { client, socket: null };
    this.#connections.add(connection);
    // The pool forgets a client that could not connect.
    client.on('connectionError', () => {
      this.#connections.delete(connection);
    });
    return client;
  }
}

function isOpen(socket: Socket | null): socket is Socket {
  return socket !== null && !socket.destroyed;
}
