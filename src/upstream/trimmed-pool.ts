/**
 * The connections of one worker to one server, no more than its slots. A call takes the connection that was
 * used last and is open, so a new one is opened only when every open one is busy, and all busy ones have
 * a slot. An idle one stays for the next call until the primary lends its slot to another worker, which
 * will open one in its stead (`closeIdle`; policy/warm-slots.ts). Busy ones are never touched.
 * Undici's own Pool takes any free client, open or not, and would connect beside idle connections.
 */
import { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import { monotonicMs } from '../kernel/clock.js';
import type { ConnectionCounts } from './transport.js';

export interface TrimmedPoolOptions {
  /** Most connections, until `limit` says otherwise. Further calls wait behind others. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly client: Omit<Client.Options, 'connect'>;
  /** Told when an idle connection was closed by this side: its slot is elsewhere, or it was unused for too long. */
  readonly onIdleClosed?: (count: number) => void;
  /** Told when an idle connection is gone that `closeIdle` did not close. */
  readonly onIdleGone?: () => void;
  /** Told when an attempt to connect has ended; `error` is null when it succeeded. Default nobody. */
  readonly onConnected?: (durationMs: number, error: Error | null) => void;
}

/** A place for one connection; it is made when a call needs it, and again after it was closed. */
class Place {
  readonly client: Client;
  /** Open, or on its way. */
  socket: Socket | null = null;
  isConnecting = false;
  inFlight = 0;

  constructor(client: (place: Place) => Client) {
    this.client = client(this);
  }
}

/** What a call holds; owed one `free`. */
export type HeldPlace = Place;

/** Undici's word for a connection that was unused for `keepAliveTimeout`. */
const IDLE_TIMEOUT = 'socket idle timeout';

export class TrimmedPool {
  readonly #origin: string;
  readonly #options: TrimmedPoolOptions;
  readonly #connect: buildConnector.connector;
  readonly #places = new Set<Place>();
  /** Nothing is on them. Those used last are at the end. */
  #idle: Place[] = [];
  /** Without a connection. */
  readonly #cold: Place[] = [];
  #most: number;
  #open = 0;
  #isClosed = false;

  constructor(origin: string, options: TrimmedPoolOptions) {
    this.#origin = origin;
    this.#options = options;
    this.#most = options.connections;
    this.#connect = buildConnector({ timeout: options.connectTimeoutMs });
  }

  /** Connections that are open or on their way now. */
  get open(): number {
    return this.#open;
  }

  counts(): ConnectionCounts {
    const counts = { active: 0, idle: 0, connecting: 0 };
    for (const { socket, isConnecting, inFlight } of this.#places) {
      if (socket === null) continue;
      counts[isConnecting ? 'connecting' : inFlight > 0 ? 'active' : 'idle'] += 1;
    }
    return counts;
  }

  /** The caller owes one `free` when the exchange is over, however it ended. */
  take(): HeldPlace {
    const place = this.#warmest() ?? this.#cold.pop() ?? this.#anotherPlace();
    place.inFlight += 1;
    return place;
  }

  free(place: HeldPlace): void {
    place.inFlight -= 1;
    if (place.inFlight > 0) return;
    if (this.#isClosed) this.#places.delete(place);
    if (this.#places.has(place)) this.#idle.push(place);
    else void place.client.destroy();
  }

  /** The exchange is not wanted any more: a connection on its way for it alone is given up. */
  abandon(place: HeldPlace): void {
    const { socket, isConnecting, inFlight } = place;
    if (socket === null || !isConnecting || inFlight > 1) return;
    this.#forget(place, socket);
    // Its error would fail whatever comes to this place until then.
    this.#places.delete(place);
    // Undici learns from the error alone that nothing will come of it.
    socket.destroy(new Error('nobody waits for it'));
  }

  /** Closes so many connections, as far as they are idle; the longest unused first. */
  closeIdle(count: number): void {
    let closed = 0;
    const kept: Place[] = [];
    for (const place of this.#idle) {
      const { socket, isConnecting } = place;
      if (closed < count && socket !== null && !isConnecting) {
        this.#forget(place, socket);
        // Without an error: a call that takes the place in this tick is not failed by it.
        socket.destroy();
        closed += 1;
      }
      if (place.socket === null) this.#cold.push(place);
      else kept.push(place);
    }
    this.#idle = kept;
    if (closed > 0) this.#options.onIdleClosed?.(closed);
  }

  /** A lower one ends nothing: calls come with slots, and `closeIdle` follows when a slot is gone for good. */
  limit(most: number): void {
    this.#most = most;
  }

  /**
   * Ends every exchange. A call that comes later, because it waited for a slot while the configuration changed, is
   * carried all the same, and its connection closed after it.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const places = [...this.#places];
    this.#places.clear();
    this.#idle = [];
    this.#cold.length = 0;
    await Promise.all(places.map(({ client }) => client.destroy()));
  }

  #warmest(): Place | undefined {
    for (let place = this.#idle.pop(); place !== undefined; place = this.#idle.pop()) {
      if (place.socket !== null) return place;
      this.#cold.push(place);
    }
    return undefined;
  }

  #anotherPlace(): Place {
    if (this.#places.size < this.#most) {
      const place = new Place((its) => this.#newClient(its));
      this.#places.add(place);
      return place;
    }
    let least: Place | undefined;
    for (const place of this.#places) {
      if (least === undefined || place.inFlight < least.inFlight) least = place;
    }
    if (least === undefined) throw new Error('a pool needs room for one connection');
    return least;
  }

  #newClient(place: Place): Client {
    const client = new Client(this.#origin, {
      ...this.#options.client,
      connect: (target, callback) => {
        this.#open += 1;
        place.isConnecting = true;
        const startedAtMs = monotonicMs();
        const connect: (...args: Parameters<buildConnector.connector>) => unknown = this.#connect;
        const socket = connect(target, (...result) => {
          place.isConnecting = false;
          const isAbandoned = place.socket === null;
          if (result[0] !== null) this.#forget(place, place.socket);
          if (!isAbandoned) this.#options.onConnected?.(monotonicMs() - startedAtMs, result[0]);
          callback(...result);
        });
        // Undici's types hide it.
        if (!(socket instanceof Socket)) throw new Error('a connector gave no socket');
        place.socket = socket;
        socket.once('close', () => {
          if (place.socket === socket && place.inFlight === 0) this.#options.onIdleGone?.();
          this.#forget(place, socket);
        });
      },
    });
    client.on('disconnect', (_origin, _clients, error) => {
      if (error.message === IDLE_TIMEOUT && place.inFlight === 0) this.#options.onIdleClosed?.(1);
    });
    return client;
  }

  /** Once for each connection, by whoever notices first that it is gone. */
  #forget(place: Place, socket: Socket | null): void {
    if (socket === null || place.socket !== socket) return;
    place.socket = null;
    this.#open -= 1;
  }
}
