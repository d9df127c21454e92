/** Replies over node:http, keeping the same promises as uws-wire.ts. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isBodiless, type ReplyHead } from './reply-head.js';
import type { Wire, WireEvents } from './wire.js';

/** A larger body is written piece by piece, so that a client that takes it slowly is seen to take it. */
const PIECE_BYTES = 65_536;
const NO_BYTES = new Uint8Array(0);

export class NodeWire implements Wire {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #events: WireEvents | undefined;
  #isLast = false;
  #largeBody: Uint8Array | undefined;
  #offset = 0;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.#req = req;
    this.#res = res;
  }

  /** True when nothing that follows on the connection may run. */
  get isLast(): boolean {
    return this.#isLast;
  }

  attach(events: WireEvents, isLast: boolean): void {
    const req = this.#req;
    const res = this.#res;
    this.#events = events;
    this.#isLast = isLast;
    if (req.method === 'POST') {
      req.on('data', (chunk: Buffer) => {
        events.onBody(chunk, false);
      });
      req.on('end', () => {
        events.onBody(NO_BYTES, true);
      });
    }
    // Without a listener a body cut short would be an uncaught error; the socket's 'close' follows.
    req.on('error', () => undefined);
    res.on('error', () => undefined);
    res.on('drain', () => {
      events.onWritable();
      this.#writeMore();
    });
    res.on('finish', () => {
      events.hasSent();
    });
  }

  begin(_hasBody: boolean, handler: () => void): void {
    handler();
  }

  /** True while an error answer on the bare socket would be the first answer to this request. */
  get awaitsBody(): boolean {
    return !this.#req.complete && !this.#res.headersSent;
  }

  /** The connection is gone: a reply that waits behind another on it is told nothing by node:http. */
  socketClosed(): void {
    this.#events?.wasAborted();
  }

  send(head: ReplyHead, body: string | Uint8Array | undefined): boolean {
    const res = this.#res;
    if (isBodiless(head.status)) {
      res.writeHead(head.status, this.#fields(head)).end();
      return false;
    }
    const bytes = body === undefined ? 0 : Buffer.byteLength(body);
    const fields = this.#fields(head);
    // A HEAD reply of unknown length says none.
    if (body !== undefined || this.#req.method !== 'HEAD')
      fields.push('Content-Length', `${bytes}`);
    res.writeHead(head.status, fields);
    if (body === undefined || this.#req.method === 'HEAD' || bytes <= PIECE_BYTES) {
      res.end(this.#req.method === 'HEAD' ? undefined : asWritten(head, body));
      return false;
    }
    this.#largeBody = typeof body === 'string' ? Buffer.from(body) : body;
    this.#writeMore();
    return false;
  }

  batch(work: () => void): void {
    // Not the reply: Node.js 22 and 24 send the end of a corked one before what was written to it.
    const { socket } = this.#req;
    socket.cork();
    try {
      work();
    } finally {
      socket.uncork();
    }
  }

  beginStream(head: ReplyHead): void {
    this.#res.writeHead(head.status, this.#fields(head));
    this.#res.flushHeaders();
  }

  push(bytes: Uint8Array | string): boolean {
    return this.#res.write(bytes);
  }

  endStream(): boolean {
    this.#res.end();
    return false;
  }

  /** node:http gives a reply its socket when its turn comes, and takes it away at the end. */
  get isBehindAnother(): boolean {
    return this.#res.socket === null && !this.#res.destroyed;
  }

  keepWaiting(): void {
    // node:http has no timer of its own that would have to be kept from firing.
  }

  destroy(): void {
    this.#res.destroy();
  }

  #fields({ headers, connection }: ReplyHead): string[] {
    const fields = [...headers.flat];
    if (connection !== 'keep-alive') fields.push('Connection', 'close');
    return fields;
  }

  #writeMore(): void {
    const body = this.#largeBody;
    if (body === undefined) return;
    let mayContinue = true;
    while (mayContinue && this.#offset < body.length) {
      const piece = body.subarray(this.#offset, this.#offset + PIECE_BYTES);
      this.#offset += piece.length;
      mayContinue = this.#res.write(piece);
    }
    if (this.#offset < body.length) return;
    this.#largeBody = undefined;
    this.#res.end();
  }
}

/** node:http writes a head together with a text body in the text's encoding, which is not the head's. */
function asWritten(
  { headers }: ReplyHead,
  body: string | Uint8Array | undefined,
): string | Uint8Array | undefined {
  return headers.isAscii || typeof body !== 'string' ? body : Buffer.from(body);
}
