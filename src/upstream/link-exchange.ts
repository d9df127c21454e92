/**
 * The worker's side of one exchange with the upstream host: keeps the order head, data*, end or error,
 * holds data back while the handler is paused (never more than the credit window), and returns credit
 * as the handler consumes. Knows no socket: host-link.ts moves its frames.
 */
import { ERRORS, GatewayError, type ErrorCode } from '../kernel/errors.js';
import { INITIAL_CREDIT_BYTES, type Frame, type FrameError } from '../ipc/frames.js';
import type { UpstreamExchange, UpstreamRequest, UpstreamResponseHandler } from './transport.js';

/** What an exchange asks of its link. */
export interface ExchangeLink {
  credit(exchangeId: number, bytes: number): void;
  /** Forgets the exchange; with `tellHost` the host stops working on it. */
  release(exchange: LinkExchange, tellHost: boolean): void;
  nowMs(): number;
}

type LastWord =
  | { readonly is: 'end'; readonly told: string | null }
  | { readonly is: 'error'; readonly error: GatewayError };

/** Consumed bytes are acknowledged in portions of this size, to spare frames. Chosen: a quarter window. */
const CREDIT_PORTION_BYTES = INITIAL_CREDIT_BYTES / 4;

export class LinkExchange implements UpstreamExchange {
  readonly id: number;
  readonly server: string;
  readonly request: UpstreamRequest;
  readonly #handler: UpstreamResponseHandler;
  readonly #link: ExchangeLink;
  /** When to give up; Infinity while nothing is due. */
  dueAtMs: number;
  readonly #headDueAtMs: number;
  #isSent = false;
  #state: 'head' | 'data' | 'done' = 'head';
  #isPaused = false;
  /** Chunks that arrived while paused, and the last word if it did too. */
  #held: Buffer[] = [];
  #last: LastWord | null = null;
  #consumedBytes = 0;

  constructor(
    id: number,
    server: string,
    request: UpstreamRequest,
    { handler, link }: { readonly handler: UpstreamResponseHandler; readonly link: ExchangeLink },
  ) {
    this.id = id;
    this.server = server;
    this.request = request;
    this.#handler = handler;
    this.#link = link;
    this.#headDueAtMs = link.nowMs() + request.headTimeoutMs;
    this.dueAtMs = this.#headDueAtMs;
  }

  /** Once true, the host may have begun to act on the request. */
  get isSent(): boolean {
    return this.#isSent;
  }

  markSent(): void {
    this.#isSent = true;
    this.dueAtMs = this.#headDueAtMs;
  }

  onFrame(frame: Frame): void {
    switch (frame.type) {
      case 'head':
        if (this.#state !== 'head') return;
        this.#state = 'data';
        this.#rearm();
        this.#handler.onHead(frame.status, frame.headers);
        return;
      case 'data':
        if (this.#state !== 'data') return;
        this.#rearm();
        if (this.#isPaused) this.#held.push(frame.bytes);
        else this.#deliver(frame.bytes);
        return;
      case 'end':
        // An end without a head would leave the client without a reply.
        this.#finish(
          this.#state === 'head'
            ? {
                is: 'error',
                error: new GatewayError('GW_UPSTREAM_PROTOCOL', { log: { endBeforeHead: true } }),
              }
            : { is: 'end', told: frame.told },
        );
        return;
      case 'error':
        this.#finish({ is: 'error', error: fromFrame(frame.error) });
        return;
      case 'open':
      case 'credit':
      case 'abort':
    }
  }

  resume(): void {
    if (!this.#isPaused || this.#state === 'done') return;
    this.#isPaused = false;
    this.#rearm();
    // What made the handler pause is consumed now; a handler that pauses at every chunk never says so in #deliver.
    this.#returnCredit();
    let index = 0;
    for (; index < this.#held.length && !this.#pausedOrDone(); index += 1) {
      const chunk = this.#held[index];
      if (chunk !== undefined) this.#deliver(chunk);
    }
    this.#held.splice(0, index);
    if (this.#last !== null && !this.#pausedOrDone()) this.#finish(this.#last);
  }

  abort(): void {
    if (this.#state === 'done') return;
    this.#close(this.#last === null);
  }

  /** Ends the exchange with this error at once, whatever is held back. */
  fail(error: GatewayError, tellHost: boolean): void {
    if (this.#state === 'done') return;
    this.#close(tellHost);
    this.#handler.onError(error);
  }

  /** The error for a deadline that passed; call when `dueAtMs` is over. */
  timeOut(): void {
    const phase = this.#state === 'head' ? 'head' : 'idle';
    this.fail(
      new GatewayError('GW_UPSTREAM_TIMEOUT', { log: { phase, sent: this.#isSent } }),
      true,
    );
  }

  #deliver(chunk: Buffer): void {
    this.#consumedBytes += chunk.length;
    const wantsMore = this.#handler.onData(chunk);
    if (this.#state === 'done') return;
    if (!wantsMore) {
      this.#isPaused = true;
      this.dueAtMs = Infinity; // The silence is the client's now, not the server's.
      return;
    }
    this.#returnCredit();
  }

  #returnCredit(): void {
    if (this.#consumedBytes < CREDIT_PORTION_BYTES || this.#last !== null) return;
    this.#link.credit(this.id, this.#consumedBytes);
    this.#consumedBytes = 0;
  }

  #finish(last: LastWord): void {
    if (this.#state === 'done') return;
    if (this.#isPaused) {
      this.#last = last;
      return;
    }
    this.#close(false);
    if (last.is === 'error') this.#handler.onError(last.error);
    else if (last.told === null) this.#handler.onEnd();
    else this.#handler.onEnd(fromFrame({ code: last.told, hint: null, retryAfterMs: null }));
  }

  #close(tellHost: boolean): void {
    this.#state = 'done';
    this.#held = [];
    this.#link.release(this, tellHost);
  }

  #rearm(): void {
    const { idleTimeoutMs } = this.request;
    this.dueAtMs =
      this.#isPaused || idleTimeoutMs === 0 ? Infinity : this.#link.nowMs() + idleTimeoutMs;
  }

  /** A method, so that the compiler does not assume the state unchanged across callbacks. */
  #pausedOrDone(): boolean {
    return this.#isPaused || this.#state === 'done';
  }
}

/** An error as the host sent it; a code from another build becomes GW_INTERNAL. */
export function fromFrame({ code, hint, retryAfterMs }: FrameError): GatewayError {
  const log = { from: 'upstream-host', code, sent: true };
  return new GatewayError(isErrorCode(code) ? code : 'GW_INTERNAL', {
    log,
    ...(hint !== null && { hint }),
    ...(retryAfterMs !== null && { retryAfterMs }),
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
