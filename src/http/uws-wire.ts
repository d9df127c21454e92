/**
 * Replies over uWebSockets.js, with what its pinned build gets wrong put right (docs/fronts.md has
 * each case, re-verified by test/http/uws-front.test.ts). A `res` is used only until it has
 * responded or aborted; after that any call on it throws.
 */
import { isBodiless, statusLine, type ReplyHead } from './reply-head.js';
import type { UwsResponse } from './uws-module.js';
import type { Wire, WireEvents } from './wire.js';

/** Larger bodies are not copied into the socket's buffer, but sent as the client takes them. */
const MAX_COPIED_BODY_BYTES = 131_072;

const nothing = (): void => undefined;

export class UwsWire implements Wire {
  /** uWebSockets.js reads the next request when the reply is over. */
  readonly isBehindAnother = false;
  readonly #res: UwsResponse;
  readonly #isHead: boolean;
  #events: WireEvents | undefined;
  #largeBody: Uint8Array | undefined;
  #handler: (() => void) | undefined;

  constructor(res: UwsResponse, isHead: boolean) {
    this.#res = res;
    this.#isHead = isHead;
  }

  attach(events: WireEvents): void {
    this.#events = events;
    // First of all: a handler that returns or throws without it would abort the process.
    this.#res.onAborted(() => {
      events.wasAborted();
    });
    // Always, also where no body is expected: without it a slow body has no timeout (U7).
    this.#res.onData((chunk, isLast) => {
      events.onBody(new Uint8Array(chunk), isLast);
      if (isLast) this.#handler?.();
    });
  }

  /**
   * uWS tells the end of a body that is not there after its request callback, and then stops the
   * timer of the idle connection, which a reply from within the callback would have started: the
   * connection would never be closed (measured).
   */
  begin(hasBody: boolean, handler: () => void): void {
    if (hasBody) handler();
    else this.#handler = handler;
  }

  send(head: ReplyHead, body: string | Uint8Array | undefined): boolean {
    const { connection } = head;
    if (body !== undefined && body.length > MAX_COPIED_BODY_BYTES && connection !== 'close') {
      if (!this.#isHead)
        return this.#sendLarge(head, typeof body === 'string' ? Buffer.from(body) : body);
    }
    this.#res.cork(() => {
      this.#writeHead(head);
      if (this.#isHead) this.#endHead(head, body);
      else if (isBodiless(head.status) && connection !== 'close') this.#res.endWithoutBody();
      else this.#res.end(isBodiless(head.status) ? '' : (body ?? ''), connection === 'close');
    });
    return true;
  }

  batch(work: () => void): void {
    this.#res.cork(work);
  }

  beginStream(head: ReplyHead): void {
    // Small writes that a full socket buffers are not reported; uWS then starts a 10 s timer that
    // only a writable listener stops.
    this.#res.onWritable(() => {
      // With a listener uWS does not send what it buffered until the next write; ending an empty
      // cork does (measured: otherwise the rest waits for ever).
      this.#res.cork(nothing);
      this.#events?.onWritable();
      return true;
    });
    this.#writeHead(head);
    // end(…, true) would write this header into the chunked body, so it is written here and the
    // closing left to the client.
    if (head.connection === 'close') this.#res.writeHeader('Connection', 'close');
  }

  push(bytes: Uint8Array | string): boolean {
    return this.#res.write(bytes);
  }

  endStream(): boolean {
    this.#res.end();
    return true;
  }

  /** A failed write restarts uWS's own 10 s timer, which would otherwise cut in before our deadline. */
  keepWaiting(): void {
    if (this.#largeBody === undefined) this.#res.cork(nothing);
    else this.#sendMore(this.#res.getWriteOffset());
  }

  destroy(): void {
    this.#res.close();
  }

  #writeHead({ status, headers, connection }: ReplyHead): void {
    const res = this.#res;
    if (status !== 200) res.writeStatus(statusLine(status));
    const { flat, isAscii } = headers;
    const [first, value = ''] = flat;
    if (first !== undefined) {
      // uWS writes a value as it is, so one call writes all lines (reply-head.ts has checked each).
      let lines = value;
      for (let index = 2; index < flat.length; index += 2) {
        lines += `\r\n${flat[index] ?? ''}: ${flat[index + 1] ?? ''}`;
      }
      // A string would be written as UTF-8.
      res.writeHeader(first, isAscii ? lines : Buffer.from(lines, 'latin1'));
    }
    if (connection === 'last') res.writeHeader('Connection', 'close');
  }

  /**
   * endWithoutBody(length) leaves the connection waiting for a body that never comes, so the length
   * is written as a header; with a closing reply only end() closes, and it tells a length of 0.
   */
  #endHead({ connection }: ReplyHead, body: string | Uint8Array | undefined): void {
    if (connection === 'close') {
      this.#res.end('', true);
      return;
    }
    if (body !== undefined)
      this.#res.writeHeader('Content-Length', String(Buffer.byteLength(body)));
    this.#res.endWithoutBody();
  }

  #sendLarge(head: ReplyHead, body: Uint8Array): boolean {
    this.#largeBody = body;
    this.#res.onWritable((offset) => {
      this.#events?.onWritable();
      return this.#sendMore(offset);
    });
    let isSent = false;
    this.#res.cork(() => {
      this.#writeHead(head);
      [, isSent] = this.#res.tryEnd(body, body.length);
    });
    return isSent;
  }

  #sendMore(offset: number): boolean {
    const body = this.#largeBody ?? new Uint8Array(0);
    let progress: readonly [boolean, boolean] = [false, false];
    this.#res.cork(() => {
      progress = this.#res.tryEnd(body.subarray(offset), body.length);
    });
    const [isTaken, isSent] = progress;
    if (isSent) this.#events?.hasSent();
    return isTaken;
  }
}
