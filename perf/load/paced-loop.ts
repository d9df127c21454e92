/**
 * Requests at a steady rate, whatever becomes of those before: latency counts from the moment a request was
 * due, so that a target that stalls cannot hide it. Bounded in connections and time; only ever to 127.0.0.1.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { readAnswer } from './read-answer.js';

export interface PacedOptions {
  readonly port: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
  /** The n-th request, head and body. */
  readonly request: (n: number) => string;
}

export interface PacedResult {
  /** Answers a second, over the time that all of them took. */
  readonly perSecond: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const TICK_MS = 2;
/** Beyond the time of the load: what has no answer then has none. */
const PATIENCE_MS = 30_000;

export async function pacedLoop(options: PacedOptions): Promise<PacedResult> {
  const { perSecond, seconds, request } = options;
  const count = Math.round(perSecond * seconds);
  const latenciesMs: number[] = [];
  const byStatus: Record<string, number> = {};
  const free: Connection[] = [];
  let next = 0;
  const startedAtMs = performance.now();
  const dueAtMs = (n: number): number => startedAtMs + (n * 1000) / perSecond;
  const serveDue = (): void => {
    while (next < count && dueAtMs(next) <= performance.now()) {
      const connection = free.pop();
      if (connection === undefined) return;
      connection.send(request(next), dueAtMs(next));
      next += 1;
    }
  };
  const connections = Array.from(
    { length: options.connections },
    () =>
      new Connection(options.port, {
        onFree: (connection) => free.push(connection),
        onAnswer: (status, dueMs) => {
          byStatus[status] = (byStatus[status] ?? 0) + 1;
          latenciesMs.push(performance.now() - dueMs);
          serveDue();
        },
      }),
  );
  const deadlineMs = startedAtMs + seconds * 1000 + PATIENCE_MS;
  while (latenciesMs.length < count && performance.now() < deadlineMs) {
    serveDue();
    await pause(TICK_MS);
  }
  const elapsedSeconds = (performance.now() - startedAtMs) / 1000;
  for (const connection of connections) connection.close();
  latenciesMs.sort((a, b) => a - b);
  const quantile = (q: number): number => latenciesMs[Math.floor(latenciesMs.length * q)] ?? 0;
  const unanswered = count - latenciesMs.length;
  return {
    perSecond: latenciesMs.length / elapsedSeconds,
    byStatus: unanswered === 0 ? byStatus : { ...byStatus, none: unanswered },
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

interface ConnectionEvents {
  readonly onFree: (connection: Connection) => void;
  readonly onAnswer: (status: number, dueMs: number) => void;
}

/** One request at a time; connects anew when the other side has ended it. */
class Connection {
  readonly #port: number;
  readonly #events: ConnectionEvents;
  #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #request = '';
  #dueMs: number | null = null;
  #isClosed = false;

  constructor(port: number, events: ConnectionEvents) {
    this.#port = port;
    this.#events = events;
    this.#socket = this.#open();
    this.#socket.once('connect', () => {
      events.onFree(this);
    });
  }

  send(request: string, dueMs: number): void {
    this.#request = request;
    this.#dueMs = dueMs;
    if (this.#socket.destroyed) this.#socket = this.#open();
    this.#socket.write(request);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      const answer = readAnswer(this.#received);
      if (answer === null || this.#dueMs === null) return;
      const dueMs = this.#dueMs;
      this.#dueMs = null;
      this.#received = Buffer.alloc(0);
      this.#events.onFree(this);
      this.#events.onAnswer(answer.status, dueMs);
    });
    socket.once('error', () => undefined);
    socket.once('close', () => {
      if (this.#isClosed || this.#dueMs === null || socket !== this.#socket) return;
      this.#received = Buffer.alloc(0);
      this.#socket = this.#open();
      this.#socket.write(this.#request);
    });
    return socket;
  }
}
