/** One HTTP exchange without a socket: records the reply, lets a test play the client. */
import { EventEmitter, once } from 'node:events';
import type { HttpExchange, HttpReply, ReplyStream } from '../../src/gateway/exchange.js';
import { GatewayError } from '../../src/kernel/errors.js';

export interface FakeRequest {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isLoopback?: boolean;
}

export class FakeExchange implements HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly clientAddress = '127.0.0.1';
  readonly isLoopback: boolean;
  isAborted = false;
  /** Set once by `reply` or `openStream`. */
  status = 0;
  replyHeaders: Readonly<Record<string, string>> = {};
  text = '';
  isEnded = false;
  /** The reply was a stream that was cut off. */
  isCut = false;
  replies = 0;
  /** False makes every write report back-pressure. */
  isWritable = true;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #body: string;
  readonly #events = new EventEmitter();
  #onAbort: (() => void) | null = null;
  #onDrain: (() => void) | null = null;

  constructor(request: FakeRequest = {}) {
    this.method = request.method ?? 'POST';
    this.path = request.path ?? '/fake/mcp';
    this.query = request.query ?? '';
    this.isLoopback = request.isLoopback ?? true;
    this.#headers = request.headers ?? {};
    this.#body = request.body ?? '';
  }

  get json(): unknown {
    return JSON.parse(this.text) as unknown;
  }

  header(name: string): string | undefined {
    return this.#headers[name];
  }

  eachHeader(visit: (name: string, value: string) => void): void {
    for (const [name, value] of Object.entries(this.#headers)) visit(name, value);
  }

  readBody(maxBytes: number): Promise<Buffer> {
    const body = Buffer.from(this.#body);
    if (body.length > maxBytes) return Promise.reject(new GatewayError('GW_BODY_TOO_LARGE'));
    return Promise.resolve(body);
  }

  onAbort(listener: () => void): void {
    this.#onAbort = listener;
  }

  reply(reply: HttpReply): void {
    this.replies += 1;
    if (this.replies > 1 || this.isAborted) return;
    this.status = reply.status;
    this.replyHeaders = reply.headers;
    this.text = reply.body === undefined ? '' : Buffer.from(reply.body).toString();
    this.#end();
  }

  openStream(status: number, headers: Readonly<Record<string, string>>): ReplyStream {
    this.replies += 1;
    this.status = status;
    this.replyHeaders = headers;
    this.#events.emit('opened');
    return {
      write: (chunk) => {
        if (!this.isEnded && !this.isAborted) this.text += Buffer.from(chunk).toString();
        return this.isWritable;
      },
      onDrain: (listener) => {
        this.#onDrain = listener;
      },
      end: () => {
        this.#end();
      },
      cut: () => {
        this.isCut = true;
        this.#end();
      },
    };
  }

  /** The client goes away. */
  abort(): void {
    this.isAborted = true;
    this.#onAbort?.();
  }

  drain(): void {
    this.isWritable = true;
    this.#onDrain?.();
  }

  async ended(): Promise<void> {
    if (!this.isEnded) await once(this.#events, 'ended');
  }

  #end(): void {
    this.isEnded = true;
    this.#events.emit('ended');
  }
}
