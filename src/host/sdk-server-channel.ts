/**
 * A channel into an MCP server that a module built with the official SDK (either generation): the
 * server is connected to a transport that is no stream at all, so a message costs one parse and one
 * stringify. Unlike over stdio, the server says which request each of its messages belongs to.
 * Legacy sessions and first-generation servers use `server.connect(transport)`; modern traffic uses
 * `serveStdio(factory, { transport })` of @modelcontextprotocol/server, whose only part in it is the era.
 */
import type { JSONRPCMessage, MessageExtraInfo, Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Logger } from 'pino';
import { GatewayError } from '../kernel/errors.js';
import { memberOf } from '../mcp/message-members.js';
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { Channel, ChannelListener, ChannelOwner, MessageOrigin } from './channel.js';
import { INTERNAL_ERROR } from './rpc-error.js';
import { asSdkServer, type SdkServer, type SecondGenerationServer } from './sdk-server.js';

export interface SdkServerChannelOptions {
  readonly createServer: () => unknown;
  readonly owner: ChannelOwner;
  readonly listener: ChannelListener;
  readonly log: Logger;
  /** Called once, after the listener's `onClose`. */
  readonly onGone: () => void;
}

/** A server that does not finish its own close is not waited for longer. */
const CLOSE_TIMEOUT_MS = 2000;

const NOBODY: MessageOrigin = { user: '', credential: null };

export class SdkServerChannel implements Channel {
  readonly #options: SdkServerChannelOptions;
  readonly #transport: Transport;
  /** Messages that came before the server was connected, in order; null afterwards. */
  #waiting: (() => void)[] | null = [];
  /** Requests in flight and who sent them. */
  readonly #origins = new Map<JsonRpcId, MessageOrigin>();
  #server: { close(): Promise<void> } | null = null;
  #isClosing = false;
  #isClosed = false;

  /** Builds and connects a server; what goes wrong with it is told by `onClose`, later. */
  constructor(options: SdkServerChannelOptions) {
    this.#options = options;
    this.#transport = {
      start: () => Promise.resolve(),
      send: (message, sendOptions) => {
        this.#receive(message, sendOptions?.relatedRequestId);
        return Promise.resolve();
      },
      close: () => {
        try {
          this.#transport.onclose?.();
        } finally {
          this.#end(this.#isClosing ? 'Its connection was closed.' : 'It closed the connection.');
        }
        return Promise.resolve();
      },
    };
    // Nothing may happen inside the constructor: the caller does not have the channel yet.
    queueMicrotask(() => {
      this.#connect().catch((cause: unknown) => {
        options.log.error({ err: cause }, 'module server could not be connected');
        this.#end('It could not be connected.', cause);
      });
    });
  }

  send(message: Uint8Array, origin: MessageOrigin): boolean {
    if (this.#isClosed) return true;
    const parsed: unknown = JSON.parse(Buffer.from(message).toString());
    if (!isMessage(parsed)) return true;
    const deliver = (): void => {
      this.#deliver(parsed, origin);
    };
    if (this.#waiting === null) queueMicrotask(deliver);
    else this.#waiting.push(deliver);
    return true;
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  /** The SDK knows one way to abort a handler; the handler's client has gone, so nothing is answered. */
  cancel(id: JsonRpcId): void {
    if (!this.#origins.has(id)) return;
    const method = 'notifications/cancelled';
    this.#deliver({ jsonrpc: '2.0', method, params: { requestId: id } }, NOBODY);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const server = this.#server;
    this.#server = null;
    if (server !== null) await this.#closeServer(server);
    this.#end('Its connection was closed.');
  }

  async #connect(): Promise<void> {
    const product = this.#build();
    const isModern = this.#options.owner.purpose !== 'session' && product.generation === 2;
    if (isModern) this.#server = this.#serveModern(product.server);
    else {
      this.#server = product.server;
      await product.server.connect(this.#transport);
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const deliver of waiting) deliver();
    // Closed while it was being connected.
    if (this.#isClosed) await this.#closeServer(product.server);
  }

  #build(): SdkServer {
    const product = asSdkServer(this.#options.createServer());
    if (product !== null) return product;
    throw new TypeError('createServer() must return an McpServer or a Server of the MCP SDK');
  }

  #serveModern(first: SecondGenerationServer): { close(): Promise<void> } {
    let ready: SecondGenerationServer | null = first;
    const factory = (): SecondGenerationServer => {
      const server = ready ?? this.#buildAnother();
      ready = null;
      this.#restoreExtras(server);
      return server;
    };
    return serveStdio(factory, {
      transport: this.#transport,
      onerror: (error) => {
        this.#options.log.debug({ err: error }, 'module server reported an error');
      },
    });
  }

  /** Only when the SDK starts over, because a legacy opening follows a modern probe. */
  #buildAnother(): SecondGenerationServer {
    const product = this.#build();
    if (product.generation === 2) return product.server;
    throw new TypeError('createServer() must return servers of one SDK generation');
  }

  /** `serveStdio` drops what a transport says beside a message; this puts it back. */
  #restoreExtras(server: SecondGenerationServer): void {
    const connect = server.connect.bind(server);
    server.connect = async (transport: Transport): Promise<void> => {
      await connect(transport);
      const deliver = transport.onmessage;
      transport.onmessage = (message, extra) => {
        deliver?.(message, { ...extra, ...this.#extraOf(message) });
      };
    };
  }

  #deliver(message: JSONRPCMessage, origin: MessageOrigin): void {
    if (this.#isClosed) return;
    const method = memberOf(message, 'method');
    const id = memberOf(message, 'id');
    if (typeof method === 'string' && isId(id)) this.#origins.set(id, origin);
    try {
      this.#transport.onmessage?.(message, this.#extraOf(message));
    } catch (cause) {
      // The SDK calls the module's own `onerror` in here; what that throws would end the host.
      this.#options.log.error({ err: cause, method }, 'module server threw at a message');
      if (isId(id)) this.#answerFault(id);
    }
    if (method !== 'notifications/cancelled') return;
    const cancelledId = memberOf(memberOf(message, 'params'), 'requestId');
    if (isId(cancelledId)) this.#origins.delete(cancelledId);
  }

  #extraOf(message: JSONRPCMessage): MessageExtraInfo | undefined {
    const id = memberOf(message, 'id');
    const origin = isId(id) ? this.#origins.get(id) : undefined;
    if (origin === undefined || !isId(id)) return undefined;
    const { user, credential } = origin;
    return {
      // Never the token with which the client came: only what is stored for this user and this server.
      authInfo: { token: credential ?? '', clientId: user, scopes: [], extra: { user } },
      closeSSEStream: () => {
        this.#options.listener.onStreamClosed?.(id);
      },
    };
  }

  #receive(message: JSONRPCMessage, relatedId: JsonRpcId | undefined): void {
    if (this.#isClosed) return;
    const id = memberOf(message, 'id');
    const isResponse = memberOf(message, 'method') === undefined;
    let bytes: Buffer;
    try {
      bytes = Buffer.from(JSON.stringify(message));
    } catch (cause) {
      if (!isResponse || !isId(id)) throw cause;
      this.#options.log.error({ err: cause }, 'module server answered something that is not JSON');
      this.#answerFault(id);
      return;
    }
    if (isResponse && isId(id)) this.#origins.delete(id);
    this.#options.listener.onMessage(bytes, isResponse && isId(id) ? id : relatedId);
  }

  /** The SDK will not answer this request any more. No effect where it was answered or cancelled. */
  #answerFault(id: JsonRpcId): void {
    if (!this.#origins.delete(id)) return;
    const error = { code: INTERNAL_ERROR, message: 'Internal error' };
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error }));
    this.#options.listener.onMessage(bytes, id);
  }

  async #closeServer(server: { close(): Promise<void> }): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    try {
      await Promise.race([server.close(), timeout]);
    } catch (cause) {
      this.#options.log.warn({ err: cause }, 'module server did not close in order');
    } finally {
      clearTimeout(timer);
    }
  }

  #end(hint: string, cause?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#origins.clear();
    const error = new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint, cause });
    this.#options.listener.onClose(error);
    this.#options.onGone();
  }
}

function isMessage(value: unknown): value is JSONRPCMessage {
  return memberOf(value, 'jsonrpc') === '2.0';
}

function isId(value: unknown): value is JsonRpcId {
  return typeof value === 'string' || typeof value === 'number';
}
