/**
 * The front for platforms where uWebSockets.js cannot load (musl, a Node ABI without binary, an old C
 * library): node:http behind the same gate, exchange and budgets. In a cluster worker a plain listen
 * shares the port through the primary.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as TcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ExchangeHandler } from '../gateway/exchange.js';
import { normaliseAddress } from './client-address.js';
import { FrontCore } from './front-core.js';
import type { CreateFront, Front, FrontOptions, FrontStats } from './front.js';
import { NodeWire } from './node-wire.js';
import { refusalReply, type Refusal } from './refusal.js';
import { statusLine } from './reply-head.js';

/** The accept queue; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 4096;
/** As the header timeout of the uWS front (measured 8-12 s), so that both reap alike. */
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the idle time of usual client pools and of nginx (60 s), so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const CHECK_INTERVAL_MS = 2_000;
const BEYOND_ASCII = /[\x80-\xff]/;

export const createNodeFront: CreateFront = (options, handler) => new NodeFront(options, handler);

/** What is known of an open socket. */
interface Connection {
  /** Requests begun and not yet answered: more than one when the client pipelines. */
  readonly pending: Set<NodeWire>;
  /** The pending reply is the last: what arrives after its request is not run. */
  isLast: boolean;
}

class NodeFront implements Front {
  readonly name = 'node';
  readonly #options: FrontOptions;
  readonly #core: FrontCore;
  readonly #server: Server;
  readonly #connections = new Map<Duplex, Connection>();

  constructor(options: FrontOptions, handler: ExchangeHandler) {
    this.#options = options;
    this.#core = new FrontCore(options, handler);
    this.#server = createServer(
      {
        // The gate counts exactly; this is the parser's bound.
        maxHeaderSize: options.maxHeaderBytes,
        requireHostHeader: false,
        headersTimeout: HEADERS_TIMEOUT_MS,
        // Bodies have our own deadline.
        requestTimeout: 0,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        noDelay: true,
      },
      (req, res) => {
        this.#onRequest(req, res);
      },
    );
    this.#server.maxConnections = options.maxConnections;
    this.#server.on('connection', (socket: Socket) => {
      this.#onConnection(socket);
    });
    this.#server.on('drop', () => {
      this.#core.refusedConnections += 1;
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#onParserError(error, socket);
    });
    this.#server.on('connect', (_req, socket: Duplex) => {
      this.#answerRaw(socket, { code: 'GW_METHOD_NOT_ALLOWED' });
    });
  }

  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        this.#core.startSweeping();
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  stopListening(): void {
    this.#core.isDraining = true;
    // Not the HTTP server's own close, which cuts idle connections: a request may be on its way on any of
    // them. It is still answered, as the last on its connection.
    TcpServer.prototype.close.call(this.#server);
  }

  stats(): FrontStats {
    return this.#core.stats();
  }

  close(): void {
    this.stopListening();
    this.#core.stopSweeping();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #onConnection(socket: Socket): void {
    const connection: Connection = { pending: new Set(), isLast: false };
    this.#connections.set(socket, connection);
    this.#core.connections += 1;
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#core.connections -= 1;
      for (const wire of connection.pending) wire.socketClosed();
    });
  }

  #onRequest(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const connection = this.#connections.get(socket);
    // node:http hands over pipelined requests while an earlier one is pending.
    if (connection === undefined || connection.isLast) return;
    const { method = '', url = '' } = req;
    const queryAt = url.indexOf('?');
    const wire = new NodeWire(req, res);
    connection.pending.add(wire);
    res.once('finish', () => {
      connection.pending.delete(wire);
    });
    this.#core.serve(
      {
        method,
        path: queryAt < 0 ? url : url.slice(0, queryAt),
        query: queryAt < 0 ? '' : url.slice(queryAt + 1),
        headers: req.rawHeaders.map((field, index) =>
          index % 2 === 0 ? field.toLowerCase() : asUtf8(field),
        ),
      },
      normaliseAddress(socket.remoteAddress ?? ''),
      wire,
    );
    connection.isLast = wire.isLast;
  }

  #onParserError(error: NodeJS.ErrnoException, socket: Duplex): void {
    this.#core.countParserRefusal();
    if (error.code === 'HPE_HEADER_OVERFLOW') {
      this.#answerRaw(socket, { code: 'GW_HEADERS_TOO_LARGE' });
    } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      socket.destroy();
    } else {
      this.#answerRaw(socket, { code: 'GW_BAD_REQUEST', hint: 'It is not valid HTTP/1.1.' });
    }
  }

  /** Answers where there is no reply object, unless the bytes would be taken for another's reply. */
  #answerRaw(socket: Duplex, refusal: Refusal): void {
    const [wire, another] = this.#connections.get(socket)?.pending ?? [];
    const isFree = wire === undefined || (another === undefined && wire.awaitsBody);
    if (isFree && socket.writable) socket.write(rawReply(refusal));
    socket.destroy();
  }
}

function rawReply(refusal: Refusal): string {
  const { status, headers, body = '' } = refusalReply(refusal);
  const text = body.toString();
  const fields = {
    ...headers,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${statusLine(status)}\r\n${lines.join('')}\r\n${text}`;
}

/** node:http reads header values as latin-1. */
function asUtf8(value: string): string {
  return BEYOND_ASCII.test(value) ? Buffer.from(value, 'latin1').toString() : value;
}
