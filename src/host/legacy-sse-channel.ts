/**
 * One session with an HTTP+SSE server (revision 2024-11-05): messages go out as POSTs, which overtake each
 * other, and come in as events of one stream. When the stream ends, the session is over: another stream
 * would be another session. The SDK's transport opens the stream, learns the POST address and follows
 * redirects; the messages themselves pass it by as bytes.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { fetch as fetchWith, Response, type Agent, type RequestInit } from 'undici';
import { GatewayError } from '../kernel/errors.js';
import { memberOf } from '../mcp/message-members.js';
import { onOneLine } from '../mcp/splice.js';
import { boundedEvents } from './bounded-events.js';
import type { Channel, ChannelListener } from './channel.js';
import { messageEvents } from './message-events.js';
import { readServerMessage } from './server-message.js';

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

/** What the SDK is given to post; `fetchThrough` puts the message's own bytes in its place. */
const PLACEHOLDER: JSONRPCMessage = { jsonrpc: '2.0', method: '' };

interface Posted {
  readonly bytes: Uint8Array;
  readonly message: unknown;
}

export class LegacySseChannel implements Channel {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only client of a transport that old servers still speak
  readonly #transport: SSEClientTransport;
  readonly #options: LegacySseChannelOptions;
  /** The message whose POST is under way. */
  readonly #posted = new AsyncLocalStorage<Posted>();
  /** Resolves when the server has named its POST address. */
  readonly #opened: Promise<void>;
  /** Resolves when the next request or notification may be posted. */
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
        onMessage: (message) => {
          this.#onMessage(message);
        },
        posted: () => this.#posted.getStore(),
        isDealtWith: (message, status) => this.#isDealtWith(message, status),
      }),
    });
    this.#transport.onerror = (error) => {
      this.#fail(error);
    };
    this.#opened = this.#transport.start().then(() => {
      this.#isOpened = true;
      options.onOpened();
    });
    this.#mayPost = this.#opened;
    this.#opened.catch((cause: unknown) => {
      this.#fail(cause);
    });
  }

  send(message: Uint8Array): boolean {
    if (this.#isOver) return true;
    if (this.#posting >= MAX_POSTING) {
      this.#fail(new Error('too many messages wait for the server'));
      return true;
    }
    const bytes = Buffer.from(message);
    const parsed: unknown = JSON.parse(bytes.toString());
    this.#posting += 1;
    // Some servers answer the POST of a notification when they have asked what they want to know about it.
    const isAnswer = memberOf(parsed, 'method') === undefined;
    const turn = isAnswer ? this.#opened : this.#mayPost;
    const posted = turn.then(() => this.#post({ bytes, message: parsed }));
    // "initialized" must not arrive after the first call. Requests do not wait for each other's POSTs.
    if (!isAnswer && memberOf(parsed, 'id') === undefined) this.#mayPost = posted;
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

  async #post(posted: Posted): Promise<void> {
    try {
      if (this.#isOver) return;
      await this.#posted.run(posted, () => this.#transport.send(PLACEHOLDER));
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

  #onMessage(data: Buffer): void {
    if (this.#isOver) return;
    // An event may spread its data over several lines.
    const message = onOneLine(data);
    const read = readServerMessage(message);
    // What seems to answer a request is for the listener to judge: its client waits.
    if (read.kind === 'malformed' && read.id === null) this.#options.onDropped();
    else this.#options.listener.onMessage(message);
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
  /** An event of the type "message", its data as it came. */
  readonly onMessage: (message: Buffer) => void;
  /** What the SDK posts now; undefined when it asks for the stream. */
  readonly posted: () => Posted | undefined;
  /** Asked about a message whose POST was refused. True: the SDK need not know; it would end the session. */
  readonly isDealtWith: (message: unknown, status: number) => boolean;
}

/** The SDK knows the types of Node.js's own `fetch`, which are those of an older undici. */
function fetchThrough(
  { agent, maxEventBytes }: LegacySseChannelOptions,
  { onTooLong, onMessage, posted, isDealtWith }: FetchEvents,
): typeof fetch {
  const fetchThroughAgent: unknown = async (url: string | URL, init?: RequestInit) => {
    const post = posted();
    const ours = post === undefined ? {} : { body: post.bytes };
    const response = await fetchWith(url, { ...init, ...ours, dispatcher: agent });
    const { body, status, statusText, headers } = response;
    if (!response.ok && post !== undefined && isDealtWith(post.message, status)) {
      await body?.cancel();
      return new Response(null, { status: 202 });
    }
    if (body === null) return response;
    const isEvents =
      headers.get('content-type')?.toLowerCase().startsWith('text/event-stream') === true;
    const bounded = body.pipeThrough(boundedEvents(maxEventBytes, isEvents, onTooLong));
    const rest =
      isEvents && post === undefined ? bounded.pipeThrough(messageEvents(onMessage)) : bounded;
    return new Response(rest, { status, statusText, headers });
  };
  return fetchThroughAgent as typeof fetch;
}
