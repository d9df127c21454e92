/**
 * One HTTP request and its one reply, the same on both fronts (requirements U3, U5, U6, U9, U10).
 *
 *   open --reply--> sending --> finished        open --openStream--> streaming --> finished
 *     \------------------\----------------- client gone --------------/--> finished (aborted)
 *
 * Whatever happens, `onFinished` is called exactly once, and nothing touches the connection afterwards.
 */
import type { HttpExchange, HttpReply, ReplyStream } from '../gateway/exchange.js';
import { GatewayError } from '../kernel/errors.js';
import type { DeadlineSet } from './deadline-set.js';
import { closeSoon } from './close-soon.js';
import { FrontStream } from './front-stream.js';
import { refusalReply } from './refusal.js';
import {
  checkHeaders,
  isFinalStatus,
  type ReplyConnection,
  type ReplyHead,
  type SafeHeaders,
} from './reply-head.js';
import { RequestBody } from './request-body.js';
import type { Stalled, Wire, WireEvents } from './wire.js';

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Name, value, name, value; names in lower case. Owned by the exchange. */
  readonly headers: readonly string[];
  /** 0 when there is no body, -1 when it is chunked. */
  readonly contentLength: number;
  readonly clientAddress: string;
  readonly isLoopback: boolean;
  /** The reply must be the last on its connection: what follows the request cannot be trusted. */
  readonly mustClose: boolean;
}

/** What the exchanges of one front share. */
export interface ExchangeContext {
  readonly streamBufferBytes: number;
  readonly bodies: DeadlineSet<FrontExchange>;
  readonly stalls: DeadlineSet<Stalled>;
  readonly nowMs: () => number;
  readonly isDraining: () => boolean;
  /** Called exactly once per exchange. */
  readonly onFinished: () => void;
  /** A handler's reply was not sendable and was replaced by a 500. */
  readonly onBadReply: () => void;
}

type State = 'open' | 'sending' | 'streaming' | 'finished';

/** Given to a writer whose client asked for no body or is gone. */
const DISCARD: ReplyStream = {
  write: () => true,
  onDrain: () => undefined,
  end: () => undefined,
  cut: () => undefined,
};

export class FrontExchange implements HttpExchange, WireEvents, Stalled {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly clientAddress: string;
  readonly isLoopback: boolean;
  readonly #headers: readonly string[];
  readonly #mustClose: boolean;
  readonly #wire: Wire;
  readonly #context: ExchangeContext;
  readonly #body: RequestBody;
  #state: State = 'open';
  #isAborted = false;
  #isBodyOverdue = false;
  #abortListener: (() => void) | undefined;
  #stream: FrontStream | undefined;

  constructor(head: RequestHead, wire: Wire, context: ExchangeContext) {
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.clientAddress = head.clientAddress;
    this.isLoopback = head.isLoopback;
    this.#headers = head.headers;
    this.#mustClose = head.mustClose;
    this.#wire = wire;
    this.#context = context;
    this.#body = new RequestBody(head.contentLength);
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  header(name: string): string | undefined {
    let found: string | undefined;
    for (let index = 0; index < this.#headers.length; index += 2) {
      if (this.#headers[index] !== name) continue;
      const value = this.#headers[index + 1] ?? '';
      found = found === undefined ? value : `${found}, ${value}`;
    }
    return found;
  }

  eachHeader(visit: (name: string, value: string) => void): void {
    for (let index = 0; index < this.#headers.length; index += 2) {
      visit(this.#headers[index] ?? '', this.#headers[index + 1] ?? '');
    }
  }

  readBody(maxBytes: number): Promise<Buffer> {
    return this.#body.read(maxBytes);
  }

  onAbort(listener: () => void): void {
    this.#abortListener = listener;
  }

  reply(reply: HttpReply): void {
    if (this.#state !== 'open') return;
    const headers = this.#checkedHead(reply.status, reply.headers);
    if (headers === undefined) {
      this.reply(refusalReply({ code: 'GW_INTERNAL' }));
      return;
    }
    this.#send(this.#head(reply.status, headers), reply.body);
  }

  openStream(status: number, headers: Readonly<Record<string, string>>): ReplyStream {
    if (this.#state !== 'open') return DISCARD;
    const checked = this.#checkedHead(status, headers);
    if (checked === undefined) {
      this.reply(refusalReply({ code: 'GW_INTERNAL' }));
      return DISCARD;
    }
    const head = this.#head(status, checked);
    if (this.method === 'HEAD') {
      this.#send(head, undefined);
      return DISCARD;
    }
    this.#state = 'streaming';
    this.#stream = new FrontStream(this.#wire, {
      head,
      bufferBytes: this.#context.streamBufferBytes,
      stalls: this.#context.stalls,
      nowMs: this.#context.nowMs,
      onSent: () => {
        this.hasSent();
      },
    });
    return this.#stream;
  }

  /** The handler threw or rejected: answers 500, or cuts a stream that has begun. */
  fail(): void {
    if (this.#state === 'open') this.reply(refusalReply({ code: 'GW_INTERNAL' }));
    else if (this.#state === 'streaming') this.#wire.destroy();
  }

  /** Starts the body's time; to be called after the handler, when bytes are still due. */
  awaitBody(): void {
    if (!this.#body.isComplete) this.#context.bodies.restart(this, this.#context.nowMs());
  }

  /** The reader gets an error to answer with; when it does not, the connection is closed. */
  bodyIsOverdue(): void {
    if (this.#isBodyOverdue) {
      this.#wire.destroy();
      return;
    }
    this.#isBodyOverdue = true;
    this.#context.bodies.restart(this, this.#context.nowMs());
    this.#body.fail(new GatewayError('GW_BODY_TIMEOUT'));
  }

  onBody(bytes: Uint8Array, isLast: boolean): void {
    this.#body.push(bytes, isLast);
    if (isLast) this.#context.bodies.delete(this);
  }

  onWritable(): void {
    if (this.#state === 'sending') this.#context.stalls.restart(this, this.#context.nowMs());
    else this.#stream?.onWritable();
  }

  keepWaiting(): void {
    if (this.#wire.isBehindAnother) this.#context.stalls.restart(this, this.#context.nowMs());
    else this.#wire.keepWaiting();
  }

  giveUp(): void {
    if (this.#wire.isBehindAnother) this.keepWaiting();
    else this.#wire.destroy();
  }

  hasSent(): void {
    this.#finish();
  }

  wasAborted(): void {
    if (this.#state === 'finished') return;
    this.#isAborted = true;
    const listener = this.#abortListener;
    this.#stream?.abort();
    this.#finish();
    this.#body.fail(new GatewayError('GW_BAD_REQUEST', { log: { aborted: true } }));
    listener?.();
  }

  #send(head: ReplyHead, body: string | Uint8Array | undefined): void {
    this.#state = 'sending';
    if (head.connection !== 'close') {
      this.#sendNow(head, body);
      return;
    }
    // Answered while the parser still holds the packet, uWebSockets.js would go on and run a request
    // that follows in it; while an answer is pending it closes the connection instead (measured).
    closeSoon(() => {
      if (this.#state === 'sending') this.#sendNow(head, body);
    });
  }

  #sendNow(head: ReplyHead, body: string | Uint8Array | undefined): void {
    if (this.#wire.send(head, body)) this.hasSent();
    else this.#context.stalls.restart(this, this.#context.nowMs());
  }

  #finish(): void {
    if (this.#state === 'finished') return;
    this.#state = 'finished';
    this.#abortListener = undefined;
    this.#context.bodies.delete(this);
    this.#context.stalls.delete(this);
    this.#context.onFinished();
  }

  #checkedHead(status: number, headers: Readonly<Record<string, string>>): SafeHeaders | undefined {
    const checked = isFinalStatus(status) ? checkHeaders(headers) : undefined;
    if (checked === undefined) this.#context.onBadReply();
    return checked;
  }

  #head(status: number, headers: SafeHeaders): ReplyHead {
    return { status, headers, connection: this.#connection() };
  }

  #connection(): ReplyConnection {
    if (this.#mustClose || !this.#body.isComplete) return 'close';
    return this.#context.isDraining() ? 'last' : 'keep-alive';
  }
}
