/**
 * A transport whose answers are rewritten message by message before the relay sees them: for lists some of
 * whose entries their caller may not see, and nothing else, so that all other answers pass unparsed and pay
 * nothing. What cannot be read for certain is not passed on.
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { GrowingBytes } from '../kernel/growing-bytes.js';
import { EventBuffer } from '../mcp/event-buffer.js';
import { onOneLine } from '../mcp/splice.js';
import type {
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHandler,
  UpstreamTransport,
} from '../upstream/transport.js';
import { contentTypeOf } from './forward-headers.js';

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
  readonly #events = new EventBuffer();
  readonly #body = new GrowingBytes();

  constructor(handler: UpstreamResponseHandler, rewrite: RewriteMessage) {
    this.#handler = handler;
    this.#rewrite = rewrite;
  }

  onHead(status: number, headers: readonly string[]): void {
    const type = contentTypeOf(headers);
    // Errors of HTTP carry no lists; the relay judges which of them may pass.
    if (status >= 300) this.#mode = 'as-it-is';
    else this.#mode = type.startsWith('text/event-stream') ? 'events' : 'json';
    this.#handler.onHead(status, this.#mode === 'as-it-is' ? headers : asPrivate(headers));
  }

  onData(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    if (this.#mode === 'as-it-is') return this.#handler.onData(chunk);
    let events: Buffer | null = null;
    if (this.#mode === 'events') events = this.#events.take(chunk);
    else this.#body.append(chunk);
    if (this.#body.length + this.#events.heldBytes > MAX_REWRITTEN_BYTES) {
      this.#fail(tooLong());
      return true;
    }
    if (events === null) return true;
    const whole = events;
    const rewritten = this.#attempt(() => rewriteEvents(whole, this.#rewrite));
    return rewritten === null || rewritten.length === 0 ? true : this.#handler.onData(rewritten);
  }

  onEnd(told?: GatewayError): void {
    if (this.#isOver) return;
    // An event without its blank line was never sent (WHATWG HTML §9.2.6).
    if (this.#mode === 'json' && this.#body.length > 0) {
      const body = this.#body.take();
      const rewritten = this.#attempt(() => this.#rewrite(body));
      if (rewritten !== null) this.#handler.onData(rewritten);
    }
    if (!this.#hasEnded()) this.#handler.onEnd(told);
  }

  onError(error: GatewayError): void {
    if (!this.#isOver) this.#handler.onError(error);
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
    this.#events.takeHeld();
    this.#body.take();
    this.#handler.onError(error);
  }

  /** A method, so that the compiler does not assume the state unchanged across callbacks. */
  #hasEnded(): boolean {
    return this.#isOver;
  }
}

function rewriteEvents(bytes: Buffer, rewrite: RewriteMessage): Buffer {
  const text = bytes.toString('utf8').replace(/\r\n|\r/g, '\n');
  let changes = 0;
  const events = text.split('\n\n').map((written) => {
    const event = ofKnownFields(written);
    if (event.length < written.length) changes += 1;
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

/** All that a reader must know (WHATWG HTML §9.2.6), and comments. */
const KNOWN_FIELD = /^(?:data|event|id|retry)?(?::|$)/;

/**
 * Without the lines that readers must ignore: some find a field in them all the same, behind a byte order
 * mark above all, and would read what nobody has judged.
 */
function ofKnownFields(event: string): string {
  const lines = event.split('\n');
  const known = lines.filter((line) => KNOWN_FIELD.test(line));
  return known.length === lines.length ? event : known.join('\n');
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
    if (name !== 'cache-control') kept.push(name, headers[i + 1] ?? '');
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
