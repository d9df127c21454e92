/**
 * The default front: uWebSockets.js, in the only file that imports it. It is an optional dependency
 * whose binaries need a matching Node ABI and C library, so loading may fail with a reason to show.
 *
 * uWebSockets.js reads UWS_HTTP_MAX_HEADERS_SIZE once, when it is loaded: the primary passes it in
 * the environment of the forked worker; without it heads over 4096 bytes are answered 431.
 */
import type { ExchangeHandler } from '../gateway/exchange.js';
import { FrontCore } from './front-core.js';
import type { CreateFront, Front, FrontOptions, FrontStats } from './front.js';
import { PeerAddresses } from './peer-addresses.js';
import { uwsLoadProblem } from './uws-load-problem.js';
import {
  isUwsModule,
  type UwsApp,
  type UwsModule,
  type UwsRequest,
  type UwsResponse,
} from './uws-module.js';
import { UwsWire } from './uws-wire.js';

export interface UwsUnavailable {
  /** For the start banner and `doctor`: why the node front serves instead. */
  readonly reason: string;
}

/** Loads the binary; resolves to a reason where it cannot. */
export async function loadUwsFront(): Promise<CreateFront | UwsUnavailable> {
  try {
    const loaded: unknown = (await import('uWebSockets.js')).default;
    if (!isUwsModule(loaded)) return { reason: 'this build of uWebSockets.js lacks App.filter' };
    loaded._cfg?.('silent');
    return (options, handler) => new UwsFront(loaded, options, handler);
  } catch (error) {
    return { reason: uwsLoadProblem(error) };
  }
}

class UwsFront implements Front {
  readonly name = 'uws';
  readonly #uws: UwsModule;
  readonly #options: FrontOptions;
  readonly #core: FrontCore;
  readonly #app: UwsApp;
  readonly #peers = new PeerAddresses();
  #listenToken: unknown;
  #headers: string[] = [];
  /** One closure for all requests; what it fills is handed over before it is used again. */
  readonly #collect = (name: string, value: string): void => {
    this.#headers.push(name, value);
  };

  constructor(uws: UwsModule, options: FrontOptions, handler: ExchangeHandler) {
    this.#uws = uws;
    this.#options = options;
    this.#core = new FrontCore(options, handler);
    this.#app = uws.App();
    this.#app.filter((res, change) => {
      this.#countSocket(res, change);
    });
    this.#app.any('/*', (res, req) => {
      this.#onRequest(res, req);
    });
  }

  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#app.listen(host, port, (token) => {
        if (token === false) {
          reject(new Error(`uWebSockets.js cannot listen on ${host}:${port}`));
          return;
        }
        this.#listenToken = token;
        this.#core.startSweeping();
        resolve(this.#uws.us_socket_local_port(token));
      });
    });
  }

  stopListening(): void {
    this.#core.isDraining = true;
    if (this.#listenToken === undefined) return;
    this.#uws.us_listen_socket_close(this.#listenToken);
    this.#listenToken = undefined;
  }

  stats(): FrontStats {
    return this.#core.stats();
  }

  close(): void {
    this.stopListening();
    this.#core.stopSweeping();
    this.#app.close();
  }

  #countSocket(res: UwsResponse, change: number): void {
    this.#core.connections += change;
    if (change < 0 || this.#core.connections <= this.#options.maxConnections) return;
    this.#core.refusedConnections += 1;
    res.close();
  }

  #onRequest(res: UwsResponse, req: UwsRequest): void {
    try {
      req.forEach(this.#collect);
      const headers = this.#headers;
      this.#headers = [];
      const method = req.getCaseSensitiveMethod();
      this.#core.serve(
        { method, path: req.getUrl(), query: req.getQuery() ?? '', headers },
        this.#peers.text(res.getRemoteAddress()),
        new UwsWire(res, method === 'HEAD'),
      );
    } catch (thrown) {
      // Nothing may leave this function: uWS aborts the process when a handler throws unattached.
      this.#headers = [];
      this.#core.failedHandlers += 1;
      res.close();
      this.#options.onHandlerError?.(thrown);
    }
  }
}
