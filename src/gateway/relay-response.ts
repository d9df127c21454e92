/**
 * Carries one upstream response to the client: small JSON answers in one piece, event streams as they
 * come, event by whole event, with back-pressure both ways. Bytes are not changed; only what frames
 * them is ours. Every way an exchange can end (answer, upstream fault, deadline, client gone) ends it
 * exactly once. A stream that breaks is told so with an error for its id; where no more can be told, or where its
 * client can resume it, with a connection that breaks too: half an answer never ends like a whole one.
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { monotonicMs } from '../kernel/clock.js';
import { endsLikeJson } from '../mcp/json-end.js';
import type { JsonRpcId } from '../mcp/scan-message.js';
import { MAX_SESSION_ID_CHARS } from '../mcp/session-id.js';
import { messageEvent } from '../mcp/sse-boundary.js';
import type {
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHandler,
  UpstreamTransport,
} from '../upstream/transport.js';
import type { Permit } from './admission.js';
import { corsHeaders } from './cors.js';
import type { HttpExchange, ReplyStream } from './exchange.js';
import { contentTypeOf, copyReplyHeaders, findHeader } from './forward-headers.js';
import { errorMessage } from './error-reply.js';
import type { OpenRelay, OpenRelays } from './open-relays.js';
import { StreamTimes } from './stream-times.js';
import {
  brokenOff,
  endedUnanswered,
  sessionIdTooLong,
  unusableBeginning,
  unusableBody,
  unusableHead,
} from './unusable-answer.js';
import { WholeEvents } from './whole-events.js';

export interface RelayOptions {
  readonly exchange: HttpExchange;
  readonly transport: UpstreamTransport;
  readonly request: UpstreamRequest;
  /** Longest silence of the upstream inside a stream; 0 means none. */
  readonly streamIdleTimeoutMs: number;
  /** Longest life of a stream; 0 means none. */
  readonly streamMaxMs: number;
  readonly sseHeartbeatMs: number;
  /** The id that an error must carry; null for notifications, GET and DELETE. */
  readonly id: JsonRpcId | null;
  readonly requestId: string;
  /** A stream that lives until someone ends it: ended first in a drain, and in silence. */
  readonly isListening: boolean;
  /** Of the caller; null: none. */
  readonly keyId: string | null;
  /** Why its credential does not hold any more; null while it does, or nobody can tell. Never rejects. Null: not asked. */
  readonly refusalNow: (() => Promise<GatewayError | null>) | null;
  /** Of this server; its `timeoutMs` holds from now to the head, and to the end of a JSON answer. */
  readonly openRelays: OpenRelays;
  /** Turns the upstream's session id into the one the client gets. */
  readonly sealSession: (upstreamSessionId: string) => string;
  /** Adds its own headers to the reply. */
  readonly permit?: Pick<Permit, 'addHeaders'>;
  /**
   * Where another attempt used up a part of the request's time: what is left, from now to the head and
   * to the end of a JSON answer.
   */
  readonly timeLeftMs?: number | undefined;
  /** Asked once, at the head: true abandons this answer, because the request is made again. */
  readonly isRetried?: (status: number, headers: readonly string[]) => boolean;
  /** Gets a whole JSON answer, or the last events of a stream, when it was collected anyway. */
  readonly onAnswer?: ((bytes: Buffer) => void) | undefined;
}

export interface RelayResult {
  readonly status: number;
  readonly bytes: number;
  /** When the request was handed to the transport; monotonic. */
  readonly dispatchedAtMs: number;
  /** From there to the upstream's last byte, or to the end of the exchange. */
  readonly upstreamMs: number;
  readonly isStream: boolean;
  /** `answered`; `client-closed`: the client left first; otherwise the fault told inside a stream. */
  readonly outcome: 'answered' | 'client-closed' | GatewayError;
}

/** A JSON answer up to this size is collected and sent in one write; a longer one is streamed. */
const COLLECT_BYTES = 128 * 1024;

/** How long a server may leave a call's stream open after its answer: enough for its end to come. Chosen. */
const END_GRACE_MS = 250;

/** Resolves when the reply is complete; rejects, having written nothing, when no reply was begun. */
export function relayResponse(options: RelayOptions): Promise<RelayResult> {
  return new Promise((resolve, reject) => {
    new Relay(options, resolve, reject).start();
  });
}

class Relay implements UpstreamResponseHandler, OpenRelay {
  previousLink: OpenRelay | null = null;
  nextLink: OpenRelay | null = null;
  readonly startedAtMs = monotonicMs();
  readonly isListening: boolean;
  readonly keyId: string | null;
  readonly #options: RelayOptions;
  readonly #resolve: (result: RelayResult) => void;
  readonly #reject: (error: GatewayError) => void;
  #upstream: UpstreamExchange | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Runs from an event on that may have been the answer. */
  #endGrace: NodeJS.Timeout | undefined;
  #isOver = false;
  /** Whether it is among the server's open relays. */
  #isOpen = false;
  #status = 0;
  #headers: Record<string, string> = {};
  #bytes = 0;
  /** Pieces of a JSON answer until it is complete or too long to collect. */
  #collected: Buffer[] = [];
  #stream: ReplyStream | null = null;
  /** The client takes nothing more for now, and the upstream waits for it. */
  #isHeldUp = false;
  /** Of a long JSON answer, the piece that came last. */
  #lastPiece: Buffer | null = null;
  /** Null where the answer is no event stream. */
  #events: WholeEvents | null = null;
  #times: StreamTimes | null = null;

  constructor(
    options: RelayOptions,
    resolve: (result: RelayResult) => void,
    reject: (error: GatewayError) => void,
  ) {
    this.isListening = options.isListening;
    this.keyId = options.keyId;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { exchange, transport, request, openRelays } = this.#options;
    exchange.onAbort(() => {
      this.#clientClosed();
    });
    if (exchange.isAborted) {
      this.#clientClosed();
      return;
    }
    openRelays.begin(this);
    this.#isOpen = true;
    const { timeLeftMs } = this.#options;
    if (timeLeftMs !== undefined) {
      this.#timer = setTimeout(() => {
        this.timeOut();
      }, timeLeftMs);
    }
    try {
      this.#upstream = transport.dispatch(request, this);
    } catch (thrown) {
      this.#fail(asGatewayError(thrown));
    }
    if (this.#isOver) this.#upstream?.abort();
  }

  timeOut(): void {
    // Some servers (the Java SDK's in Tomcat) send the head of a listening stream with its first event.
    if (this.isListening && this.#options.request.method === 'GET' && this.#status === 0) {
      this.onHead(200, ['content-type', 'text/event-stream']);
      return;
    }
    this.#timeOut(`No answer within ${this.#options.openRelays.timeoutMs} ms.`);
  }

  endBecause(error: GatewayError, mayGoOn: boolean): void {
    this.#fail(error, mayGoOn);
  }

  async recheck(): Promise<void> {
    const refusal = await this.#options.refusalNow?.();
    if (refusal != null) this.#fail(refusal);
  }

  onHead(status: number, headers: readonly string[]): void {
    if (this.#isOver) return;
    if (this.#events !== null) {
      this.#meetLateHead(status, contentTypeOf(headers));
      return;
    }
    this.#status = status;
    if (this.#options.isRetried?.(status, headers) === true) {
      this.#fail(new GatewayError('GW_UPSTREAM_UNREACHABLE', { log: { upstreamStatus: status } }));
      return;
    }
    const contentType = contentTypeOf(headers);
    const fault = unusableHead(status, contentType, headers);
    if (fault !== null) {
      this.#fail(fault);
      return;
    }
    const ours: Record<string, string> = { 'x-request-id': this.#options.requestId };
    const cors = corsHeaders(this.#options.exchange);
    if (cors !== undefined) Object.assign(ours, cors);
    this.#options.permit?.addHeaders(ours);
    this.#headers = copyReplyHeaders(headers, ours);
    const session = findHeader(headers, 'mcp-session-id');
    if (session !== undefined) {
      const sealed = this.#options.sealSession(session);
      if (sealed.length > MAX_SESSION_ID_CHARS) {
        this.#fail(sessionIdTooLong(session.length));
        return;
      }
      this.#headers['mcp-session-id'] = sealed;
    }
    if (contentType.startsWith('text/event-stream')) this.#beginEvents();
  }

  onData(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    if (this.#events !== null) return this.#passEvents(this.#events, chunk);
    this.#bytes += chunk.length;
    if (this.#stream !== null) {
      this.#lastPiece = chunk;
      return this.#write(this.#stream, chunk);
    }
    this.#collected.push(chunk);
    if (this.#bytes <= COLLECT_BYTES) return true;
    return this.#beginLongAnswer();
  }

  onEnd(told?: GatewayError): void {
    if (this.#isOver) return;
    if (this.#stream === null) this.#replyCollected(told);
    else this.#endStream(this.#stream, told);
  }

  onError(error: GatewayError): void {
    const isLost = error.code === 'GW_UPSTREAM_UNREACHABLE';
    this.#fail(error, isLost && this.#options.transport.outlivesConnections === true);
  }

  /** The client has listened without it. */
  #meetLateHead(status: number, contentType: string): void {
    if (status === 200 && contentType.startsWith('text/event-stream')) return;
    const hint = `Its stream began with HTTP ${status}.`;
    this.#fail(new GatewayError('GW_UPSTREAM_PROTOCOL', { hint, log: { upstreamStatus: status } }));
  }

  #beginEvents(): void {
    const { exchange, sseHeartbeatMs, streamIdleTimeoutMs, streamMaxMs } = this.#options;
    const events = new WholeEvents();
    this.#events = events;
    // nginx buffers event streams unless told not to (measured: five events arrived as one).
    this.#headers['x-accel-buffering'] = 'no';
    this.#headers['cache-control'] ??= 'no-cache, no-transform';
    this.#openStream(exchange);
    this.#options.openRelays.becomeStream(this);
    clearTimeout(this.#timer);
    this.#times = new StreamTimes(
      { heartbeatMs: sseHeartbeatMs, streamIdleTimeoutMs, streamMaxMs },
      {
        heartbeat: () => {
          if (!events.isInsideEvent) this.#stream?.write(': keep-alive\n\n');
        },
        overdue: (hint) => {
          this.#timeOut(hint);
        },
      },
    );
  }

  #beginLongAnswer(): boolean {
    const { id } = this.#options;
    const [first] = this.#collected;
    const fault = id === null || first === undefined ? null : unusableBeginning(first, id);
    if (fault !== null) {
      this.#fail(fault);
      return true;
    }
    const stream = this.#openStream(this.#options.exchange);
    let isWritable = true;
    for (const chunk of this.#collected) isWritable = this.#write(stream, chunk);
    this.#lastPiece = this.#collected.at(-1) ?? null;
    this.#collected = [];
    return isWritable;
  }

  #replyCollected(told: GatewayError | undefined): void {
    const { id, onAnswer, exchange } = this.#options;
    const body = this.#collected.length === 1 ? this.#collected[0] : Buffer.concat(this.#collected);
    const fault = id === null || this.#status >= 400 ? null : unusableBody(body, id);
    if (fault !== null) {
      this.#fail(fault);
      return;
    }
    if (body !== undefined && this.#status < 300) onAnswer?.(body);
    this.#finish(told ?? 'answered');
    const status = this.#status;
    const headers = this.#headers;
    // Two literals: a spread gives each reply a hidden class of its own, which every reader then looks up.
    exchange.reply(
      body === undefined || body.length === 0 ? { status, headers } : { status, headers, body },
    );
  }

  #endStream(stream: ReplyStream, told: GatewayError | undefined): void {
    const fault = this.#missingEnd();
    if (fault !== null) {
      this.#fail(fault);
      return;
    }
    const rest = this.#events?.rest() ?? null;
    if (rest !== null) stream.write(rest);
    const last = this.#events?.last() ?? null;
    if (last !== null) this.#options.onAnswer?.(last);
    this.#finish(told ?? 'answered');
    stream.end();
  }

  /** What is wrong with an answer that ended in order as far as HTTP can tell. */
  #missingEnd(): GatewayError | null {
    if (this.#options.id === null || this.isListening || this.#status >= 300) return null;
    if (this.#events?.mayBeAnswered === false) return endedUnanswered();
    const last = this.#lastPiece;
    return last === null || endsLikeJson(last) ? null : brokenOff();
  }

  #openStream(exchange: HttpExchange): ReplyStream {
    const stream = exchange.openStream(this.#status, this.#headers);
    stream.onDrain(() => {
      this.#isHeldUp = false;
      this.#upstream?.resume();
    });
    this.#stream = stream;
    return stream;
  }

  #write(stream: ReplyStream, bytes: Buffer): boolean {
    const isWritable = stream.write(bytes);
    this.#isHeldUp = !isWritable;
    return isWritable;
  }

  #passEvents(events: WholeEvents, chunk: Buffer): boolean {
    this.#times?.heard();
    this.#bytes += chunk.length;
    const whole = events.take(chunk);
    if (whole === null || this.#stream === null) return true;
    this.#expectEnd(events, this.#stream);
    return this.#write(this.#stream, whole);
  }

  /**
   * A server should end the stream after the answer (2025-03-26 and later, basic/transports). One that does not would
   * have the call keep its slot until the stream has been silent for too long, and fail then.
   */
  #expectEnd(events: WholeEvents, stream: ReplyStream): void {
    const { id, onAnswer } = this.#options;
    if (id === null || this.isListening || this.#endGrace !== undefined) return;
    if (!events.mayBeAnswered) return;
    this.#endGrace = setTimeout(() => {
      this.#endGrace = undefined;
      // Looked at only now: nearly all streams have ended by themselves.
      if (events.isInsideEvent || !events.haveAnswered(id)) return;
      this.#upstream?.abort();
      const last = events.last();
      if (last !== null) onAnswer?.(last);
      this.#finish('answered');
      stream.end();
    }, END_GRACE_MS);
  }

  #clientClosed(): void {
    if (this.#isOver) return;
    this.#upstream?.abort();
    this.#finish('client-closed');
  }

  /** A client that reads slowly must not count against the server. */
  #timeOut(hint: string): void {
    const stream = this.#stream;
    if (stream === null || !this.#isHeldUp) {
      this.#fail(timeoutError(hint));
      return;
    }
    this.#clientClosed();
    stream.cut();
  }

  /** `mayGoOn`: the server may still be at work on it, and keep the rest of the stream for its client. */
  #fail(error: GatewayError, mayGoOn = false): void {
    if (this.#isOver) return;
    this.#upstream?.abort();
    if (this.#stream === null) {
      this.#end();
      this.#reject(error);
      return;
    }
    const { id, requestId } = this.#options;
    const stream = this.#stream;
    const events = this.#events;
    let isCut = events === null || (events.isInsideEvent && !this.isListening);
    const canTell = events !== null && !events.isInsideEvent && !this.isListening;
    if (canTell && id !== null && !events.haveAnswered(id)) {
      // An error would be the answer to a client that can come back for its own. Cut, because clients made before
      // 2025-11-25 resume only what broke.
      isCut = events.isResumable && (error.code === 'GW_SLOW_READER' || mayGoOn);
      if (!isCut) stream.write(messageEvent(JSON.stringify(errorMessage(error, id, requestId))));
    }
    this.#finish(error);
    // What listens reads on with its next connection; an event without its end does not count for it.
    if (isCut) stream.cut();
    else stream.end();
  }

  #finish(outcome: RelayResult['outcome']): void {
    this.#end();
    this.#resolve({
      status: this.#status,
      bytes: this.#bytes,
      dispatchedAtMs: this.startedAtMs,
      upstreamMs: monotonicMs() - this.startedAtMs,
      isStream: this.#stream !== null,
      outcome,
    });
  }

  #end(): void {
    this.#isOver = true;
    if (this.#isOpen) this.#options.openRelays.end(this, this.#events !== null);
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#times?.stop();
    clearTimeout(this.#endGrace);
  }
}

function timeoutError(hint: string): GatewayError {
  return new GatewayError('GW_UPSTREAM_TIMEOUT', {
    hint: `${hint} Whether the request was carried out is unknown.`,
    log: { sent: true },
  });
}
