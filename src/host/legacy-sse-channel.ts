/**
 * One session with an HTTP+SSE server (revision 2024-11-05), spoken by the SDK's transport: messages go
 * out as POSTs, which overtake each other, and come in as events of one stream. When the stream ends,
 * the session is over: another stream would be another session.
 */
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { fetch as fetchWith, Response, type Agent, type RequestInit } from 'undici';
import { GatewayError } from '../kernel/errors.js';
import { memberOf } from '../mcp/message-members.js';
import { boundedEvents } from './bounded-events.js';
import type { Channel, ChannelListener } from './channel.js';

export interface LegacySseChannelOptions {
  readonly url: string;
  /** Sent with the GET of the stream and with every POST. */
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  readonly listener: ChannelListener;
  /** It asks how the server is: a refusal is its answer. */
  readonly isProbe: boolean;
  /** Longest event, and longest text of a refusal. */
  readonly maxEventBytes: number;
  /** The server has named its POST address. */
  readonly onOpened: () => void;
  /** Called instead of `onOpened` when it failed; not when it was closed before. */
  readonly onNotOpened: (cause: unknown) => void;
  /** The server sent an event that is no message. */
  readonly onDropped: () => void;
  /** Called once, before the listener's `onClose`. */
  readonly onGone: () => void;
}

/** The server does not know the session any more. */
const SESSION_GONE = new Set([404, 410]);

/** POSTs that wait for the stream or for their answer: some servers answer one when its call is done. */
const MAX_POSTING = 100;
/** From here on no more are taken until some have ended. */
const MANY_POSTING = 50;

export class LegacySseChannel implements Channel {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only client of a transport that old servers still speak
  readonly #transport: SSEClientTransport;
  readonly #options: LegacySseChannelOptions;
  /** Resolves when the next message may be posted. */
  #mayPost: Promise<void>;
  #posting = 0;
  #whenWritable: (() => void)[] = [];
  #isOpened = false;
  #isOver = false;

  /** Opens the stream; what goes wrong with it is told by `onClose`, later. */
  constructor(options: LegacySseChannelOptions) {
    this.#options = options;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
    this.#transport = new SSEClientTransport(new URL(options.url), {
      requestInit: { headers: { ...options.headers } },
      fetch: fetchThrough(options, {
        onTooLong: () => {
          this.#tooLong();
        },
        isDealtWith: (message, status) => this.#isDealtWith(message, status),
      }),
    });
    this.#transport.onmessage = (message) => {
      if (!this.#isOver) options.listener.onMessage(Buffer.from(JSON.stringify(message)));
    };
    this.#transport.onerror = (error) => {
      this.#onError(error);
    };
    this.#mayPost = this.#transport.start().then(() => {
      this.#isOpened = true;
      options.onOpened();
    });
    this.#mayPost.catch((cause: unknown) => {
      this.#fail(cause);
    });
  }

  send(message: Uint8Array): boolean {
    if (this.#isOver) return true;
    if (this.#posting >= MAX_POSTING) {
      this.#fail(new Error('too many messages wait for the server'));
      return true;
    }
    const parsed: unknown = JSON.parse(Buffer.from(message).toString());
    this.#posting += 1;
    const posted = this.#mayPost.then(() => this.#post(parsed));
    // "initialized" must not arrive after the first call. Requests do not wait for each other's POSTs.
    if (memberOf(parsed, 'id') === undefined) this.#mayPost = posted;
    posted.catch((cause: unknown) => {
      this.#fail(cause);
    });
    return this.#posting < MANY_POSTING;
  }

  writable(): Promise<void> {
    if (this.#isOver || this.#posting < MANY_POSTING) return Promise.resolve();
    return new Promise((resolve) => this.#whenWritable.push(resolve));
  }

  cancel(): void {
    // The server is told by message; there is nothing else to stop.
  }

  close(): Promise<void> {
    return this.#end(
      new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint: 'Its connection was closed.' }),
    );
  }

  async #post(message: unknown): Promise<void> {
    try {
      if (!this.#isOver) await this.#transport.send(JSONRPCMessageSchema.parse(message));
    } finally {
      this.#posting -= 1;
      if (this.#posting < MANY_POSTING) this.#releaseWriters();
    }
  }

  /** A POST that the server refused fails alone, as far as the session can go on without its message. */
  #isDealtWith(message: unknown, status: number): boolean {
    const method = memberOf(message, 'method');
    if (this.#options.isProbe || SESSION_GONE.has(status) || method === 'initialize') return false;
    const id = memberOf(message, 'id');
    if (method === undefined || id === undefined || this.#isOver) return true;
    const {
      code,
      row,
      message: text,
    } = new GatewayError('GW_UPSTREAM_UNREACHABLE', {
      hint: `It refused this request with HTTP ${status}.`,
    });
    const error = { code: row.jsonRpc, message: text, data: { reason: code } };
    this.#options.listener.onMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error })));
    return true;
  }

  #onError(error: Error): void {
    const isNoMessage = error instanceof SyntaxError || error.name === 'ZodError';
    if (isNoMessage && this.#isOpened) this.#options.onDropped();
    else this.#fail(error);
  }

  #fail(cause: unknown): void {
    if (this.#isOver) return;
    if (!this.#isOpened) this.#options.onNotOpened(cause);
    void this.#end(new GatewayError('GW_UPSTREAM_UNREACHABLE', { cause }));
  }

  #tooLong(): void {
    const hint = `It sent an event longer than ${this.#options.maxEventBytes} bytes.`;
    const error = new GatewayError('GW_UPSTREAM_PROTOCOL', { hint });
    if (!this.#isOver && !this.#isOpened) this.#options.onNotOpened(error);
    void this.#end(error);
  }

  async #end(error: GatewayError): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#releaseWriters();
    const closed = this.#transport.close();
    this.#options.onGone();
    this.#options.listener.onClose(error);
    await closed;
  }

  #releaseWriters(): void {
    const waiting = this.#whenWritable;
    this.#whenWritable = [];
    for (const resolve of waiting) resolve();
  }
}

interface FetchEvents {
  readonly onTooLong: () => void;
  /** Asked about a message whose POST was refused. True: the SDK need not know; it would end the session. */
  readonly isDealtWith: (message: unknown, status: number) => boolean;
}

/** The SDK knows the types of Node.js's own `fetch`, which are those of an older undici. */
function fetchThrough(
  { agent, maxEventBytes }: LegacySseChannelOptions,
  { onTooLong, isDealtWith }: FetchEvents,
): typeof fetch {
  const fetchThroughAgent: unknown = async (url: string | URL, init?: RequestInit) => {
    const response = await fetchWith(url, { ...init, dispatcher: agent });
    const { body, status, statusText, headers } = response;
    const posted = init?.body;
    if (!response.ok && typeof posted === 'string' && isDealtWith(JSON.parse(posted), status)) {
      await body?.cancel();
      return new Response(null, { status: 202 });
    }
    if (body === null) return response;
    const isEvents =
      headers.get('content-type')?.toLowerCase().startsWith('text/event-stream') === true;
    const bounded = body.pipeThrough(boundedEvents(maxEventBytes, isEvents, onTooLong));
    return new Response(bounded, { status, statusText, headers });
  };
  return fetchThroughAgent as typeof fetch;
}
