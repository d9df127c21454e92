/**
 * A transport whose answers are rewritten message by message before the relay sees them: for lists some of
 * whose entries their caller may not see, and nothing else, so that all other answers pass unparsed and pay
 * nothing. What cannot be read for certain is not passed on.
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { completeEventsLength } from '../mcp/sse-boundary.js';
import { onOneLine } from '../mcp/splice.js';
import type {
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHandler,
  UpstreamTransport,
} from '../upstream/transport.js';
import { findHeader } from './forward-headers.js';

/** The message to pass on; null: nothing. May throw a GatewayError, which ends the exchange. */
export type RewriteMessage = (message: Buffer) => Buffer | null;

/** Longest list, or event, that is held to be rewritten. Chosen: the longest line of a stdio server. */
export const MAX_REWRITTEN_BYTES = 4 * 1024 * 1024;

export function rewritingTransport(
  transport: UpstreamTransport,
  rewrite: RewriteMessage,
): UpstreamTransport {
  return {
    dispatch: (request: UpstreamRequest, handler: UpstreamResponseHandler): UpstreamExchange =>
      transport.dispatch(request, new RewritingHandler(handler, rewrite)),
    close: () => transport.close(),
  };
}

/** The relay aborts the exchange when it hears an error; what arrives until then is dropped here. */
class RewritingHandler implements UpstreamResponseHandler {
  readonly #handler: UpstreamResponseHandler;
  readonly #rewrite: RewriteMessage;
  #mode: 'json' | 'events' | 'as-it-is' = 'as-it-is';
  #isOver = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The last bytes held: a blank line may be cut between two chunks. */
  #tail: Buffer = NOTHING;

  constructor(handler: UpstreamResponseHandler, rewrite: RewriteMessage) {
    this.#handler = handler;
    this.#rewrite = rewrite;
  }

  onHead(status: number, headers: readonly string[]): void {
    const type = findHeader(headers, 'content-type') ?? '';
    // Errors of HTTP carry no lists; the relay judges which of them may pass.
    if (status >= 300) this.#mode = 'as-it-is';
    else this.#mode = type.startsWith('text/event-stream') ? 'events' : 'json';
    this.#handler.onHead(status, this.#mode === 'as-it-is' ? headers : asPrivate(headers));
  }

  onData(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    if (this.#mode === 'as-it-is') return this.#handler.onData(chunk);
    const end = this.#mode === 'events' ? this.#endOfEvents(chunk) : 0;
    if (this.#heldBytes + chunk.length - end > MAX_REWRITTEN_BYTES) {
      this.#fail(tooLong());
      return true;
    }
    if (end === 0) {
      this.#hold(chunk);
      return true;
    }
    const events = Buffer.concat([...this.#held, chunk.subarray(0, end)]);
    this.#held = [];
    this.#heldBytes = 0;
    this.#tail = NOTHING;
    if (end < chunk.length) this.#hold(chunk.subarray(end));
    const rewritten = this.#attempt(() => rewriteEvents(events, this.#rewrite));
    return rewritten === null || rewritten.length === 0 ? true : this.#handler.onData(rewritten);
  }

  onEnd(): void {
    if (this.#isOver) return;
    // An event without its blank line was never sent (WHATWG HTML §9.2.6).
    if (this.#mode === 'json' && this.#heldBytes > 0) {
      const body = Buffer.concat(this.#held);
      const rewritten = this.#attempt(() => this.#rewrite(body));
      if (rewritten !== null) this.#handler.onData(rewritten);
    }
    if (!this.#hasEnded()) this.#handler.onEnd();
  }

  onError(error: GatewayError): void {
    if (!this.#isOver) this.#handler.onError(error);
  }

  /** Bytes of `chunk` up to the end of its last whole event; 0 when none ends in it. */
  #endOfEvents(chunk: Buffer): number {
    const tail = this.#tail;
    const length = completeEventsLength(tail.length === 0 ? chunk : Buffer.concat([tail, chunk]));
    return Math.max(0, length - tail.length);
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-LONGEST_BLANK)]).subarray(
      -LONGEST_BLANK,
    );
  }

  #attempt(rewrite: () => Buffer | null): Buffer | null {
    try {
      return rewrite();
    } catch (thrown) {
      this.#fail(asUpstreamFault(thrown));
      return null;
    }
  }

  #fail(error: GatewayError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    this.#handler.onError(error);
  }

  /** A method, so that the compiler does not assume the state unchanged across callbacks. */
  #hasEnded(): boolean {
    return this.#isOver;
  }
}

const NOTHING = Buffer.alloc(0);
/** CR LF CR LF without its last byte. */
const LONGEST_BLANK = 3;

function rewriteEvents(bytes: Buffer, rewrite: RewriteMessage): Buffer {
  const text = bytes.toString('utf8').replace(/\r\n|\r/g, '\n');
  let changes = 0;
  const events = text.split('\n\n').map((event) => {
    const data = dataOf(event);
    if (data === '') return event;
    const message = Buffer.from(data);
    const rewritten = rewrite(message);
    if (rewritten === message) return event;
    changes += 1;
    return rewritten === null ? '' : withData(event, onOneLine(rewritten).toString('utf8'));
  });
  if (changes === 0) return bytes;
  return Buffer.from(
    events
      .filter((event) => event !== '')
      .map((event) => `${event}\n\n`)
      .join(''),
  );
}

function dataOf(event: string): string {
  if (!event.includes('data')) return '';
  return event
    .split('\n')
    .filter((line) => line === 'data' || line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
}

/** The event with its other fields as they were. */
function withData(event: string, data: string): string {
  const others = event.split('\n').filter((line) => line !== 'data' && !line.startsWith('data:'));
  return [...others.filter((line) => line !== ''), `data: ${data}`].join('\n');
}

/** What a shared cache must not keep, and what no longer describes the body. */
function asPrivate(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name !== 'cache-control' && name !== 'etag') kept.push(name, headers[i + 1] ?? '');
  }
  kept.push('cache-control', 'private, no-cache, no-transform');
  return kept;
}

function tooLong(): GatewayError {
  return new GatewayError('GW_UPSTREAM_PROTOCOL', {
    hint: `Its list is longer than the ${MAX_REWRITTEN_BYTES} bytes that the gateway filters; it must list in pages.`,
    log: { maxBytes: MAX_REWRITTEN_BYTES },
  });
}

/** Whatever is wrong with the bytes is the server's fault, not the client's. */
function asUpstreamFault(thrown: unknown): GatewayError {
  const error = asGatewayError(thrown);
  if (error.code !== 'GW_PARSE' && error.code !== 'GW_BAD_REQUEST') return error;
  return new GatewayError('GW_UPSTREAM_PROTOCOL', {
    hint: 'Its list cannot be filtered, because it is not JSON-RPC that every reader reads alike.',
    cause: error,
  });
}
