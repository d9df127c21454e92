/**
 * The upstream host's door: a unix socket that only its own user may open, over which every HTTP
 * worker sends exchanges for the servers of this host. A worker that disconnects aborts what it had
 * in flight, and nothing of any other worker.
 */
import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import type { Frame, OpenFrame } from '../ipc/frames.js';
import { FrameConnection } from '../upstream/frame-connection.js';
import { FrameReply } from './frame-reply.js';
import type { HostEndpoint } from './host-exchange.js';
import { cutShort } from './lost-with-server.js';

export interface HostServerOptions {
  /** At most 107 bytes (sun_path of unix(7)); a socket left there by a former host is replaced. */
  readonly socketPath: string;
  readonly endpoints: ReadonlyMap<string, HostEndpoint>;
  /** Bytes held back per exchange for a slow reader. */
  readonly streamBufferBytes: number;
  readonly maxBodyBytes: number;
  readonly log: Logger;
}

export interface HostServer {
  /** Rejects when the path cannot be used. */
  listen(): Promise<void>;
  /** Exchanges without their last frame. */
  readonly inFlight: number;
  /** Refuses new exchanges with GW_DRAINING; resolves when none is in flight, at the latest after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** Aborts what is in flight, ends all connections and removes the socket. */
  close(): Promise<void>;
  /** For an end without `close`. A socket of another host that has taken the place stays. */
  removeSocket(): void;
}

const MAX_PATH_BYTES = 107;
/** Owner only: whoever can connect acts as any user. */
const SOCKET_UMASK = 0o177;

export function createHostServer(options: HostServerOptions): HostServer {
  return new FramedHostServer(options);
}

class FramedHostServer implements HostServer {
  readonly #options: HostServerOptions;
  readonly #server: Server;
  readonly #workers = new Set<WorkerConnection>();
  #inFlight = 0;
  #isDraining = false;
  #inode: number | null = null;
  #onIdle: () => void = () => undefined;

  constructor(options: HostServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  async listen(): Promise<void> {
    const { socketPath } = this.#options;
    if (Buffer.byteLength(socketPath) > MAX_PATH_BYTES) {
      throw new GatewayError('GW_INTERNAL', {
        hint: `The socket path must be at most ${MAX_PATH_BYTES} bytes long: choose a shorter data directory.`,
        log: { socketPath },
      });
    }
    refuseForeign(socketPath);
    // The system removes the path that was bound when the server is closed, whosever socket it is by then: that of a host
    // that drains after its primary's end would be the next gateway's. So the bound path is one that is left at once.
    const boundPath = join(dirname(socketPath), `${process.pid}.sock`);
    // One of this number may have died between its two steps.
    rmSync(boundPath, { force: true });
    const formerMask = process.umask(SOCKET_UMASK);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        // The socket file is made inside this call, so it never exists with wider rights.
        this.#server.listen(boundPath, resolve);
      });
    } finally {
      process.umask(formerMask);
    }
    chmodSync(boundPath, 0o600);
    renameSync(boundPath, socketPath);
    this.#inode = lstatSync(socketPath).ino;
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onIdle = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.removeSocket();
    for (const worker of this.#workers) worker.close();
    await closed;
  }

  removeSocket(): void {
    const { socketPath } = this.#options;
    const found = lstatSync(socketPath, { throwIfNoEntry: false });
    if (found !== undefined && found.ino === this.#inode) rmSync(socketPath, { force: true });
  }

  #accept(socket: Socket): void {
    const worker = new WorkerConnection(socket, this.#options, {
      isDraining: () => this.#isDraining,
      opened: () => {
        this.#inFlight += 1;
      },
      done: () => {
        this.#inFlight -= 1;
        if (this.#inFlight === 0) this.#onIdle();
      },
      closed: () => this.#workers.delete(worker),
    });
    this.#workers.add(worker);
  }
}

interface ExchangeCount {
  isDraining(): boolean;
  opened(): void;
  done(): void;
  closed(): void;
}

/** One worker and its exchanges. */
class WorkerConnection {
  readonly #options: HostServerOptions;
  readonly #count: ExchangeCount;
  readonly #connection: FrameConnection;
  readonly #replies = new Map<number, FrameReply>();

  constructor(socket: Socket, options: HostServerOptions, count: ExchangeCount) {
    this.#options = options;
    this.#count = count;
    this.#connection = new FrameConnection(socket, options.maxBodyBytes, {
      onFrame: (frame) => {
        this.#receive(frame);
      },
      onDrain: () => {
        for (const reply of [...this.#replies.values()]) reply.resume();
      },
      onClose: (cause) => {
        if (cause !== null) options.log.warn({ err: cause }, 'worker connection failed');
        this.#abortAll();
        count.closed();
      },
    });
  }

  close(): void {
    const error = cutShort();
    for (const reply of [...this.#replies.values()]) reply.fail(error);
    this.#connection.end();
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case 'open':
        this.#open(frame);
        return;
      case 'credit':
        this.#replies.get(frame.exchangeId)?.credit(frame.bytes);
        return;
      case 'abort':
        this.#replies.get(frame.exchangeId)?.abort();
        return;
      case 'head':
      case 'data':
      case 'end':
      case 'error':
    }
  }

  #open(frame: OpenFrame): void {
    const { exchangeId } = frame;
    const reply = new FrameReply({
      exchangeId,
      connection: this.#connection,
      streamBufferBytes: this.#options.streamBufferBytes,
      onDone: () => {
        this.#replies.delete(exchangeId);
        this.#count.done();
      },
    });
    this.#replies.set(exchangeId, reply);
    this.#count.opened();
    if (this.#count.isDraining()) {
      reply.fail(new GatewayError('GW_DRAINING'));
      return;
    }
    const endpoint = this.#options.endpoints.get(frame.server);
    if (endpoint === undefined) {
      reply.fail(new GatewayError('GW_SERVER_UNKNOWN'));
      return;
    }
    try {
      endpoint.handle({
        request: frame,
        reply,
        onAbort: (listener) => {
          reply.onAbort(listener);
        },
      });
    } catch (thrown) {
      this.#options.log.error({ err: thrown, server: frame.server }, 'endpoint threw');
      reply.fail(asGatewayError(thrown));
    }
  }

  #abortAll(): void {
    for (const reply of [...this.#replies.values()]) reply.abort();
  }
}

/** What a former host left is replaced; anything but a socket is not ours to replace. */
function refuseForeign(socketPath: string): void {
  const found = lstatSync(socketPath, { throwIfNoEntry: false });
  if (found === undefined || found.isSocket()) return;
  throw new GatewayError('GW_INTERNAL', { hint: `${socketPath} is no socket: move it away.` });
}
