/**
 * One legacy session: one client, one instance of the server, and every message between them on the
 * stream where the specification wants it.
 *
 *   opening --InitializeResult--> open --DELETE, idle, crash, drain--> closed
 *      `--error, deadline, client gone--> closed
 *
 * A client that loses a stream has cancelled nothing: the response is stored until it resumes.
 * Source: MCP 2025-03-26, 2025-06-18, 2025-11-25 basic/transports; SDK 1.32 server transport.
 */
import { asGatewayError, GatewayError } from '../kernel/errors.js';
import { errorMessage } from '../gateway/error-reply.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import { spliceValues } from '../mcp/splice.js';
import type { ChannelSource } from './channel.js';
import type { DropCounter } from './drop-counter.js';
import type { ExchangeReply } from './exchange-reply.js';
import { judgeHandshake, understandsPriming } from './handshake.js';
import type { EndableInstance, InstanceRoom } from './instance-room.js';
import { Instance } from './instance.js';
import { lostWithServer } from './lost-with-server.js';
import { MessageRouting } from './message-routing.js';
import { PendingRequests, type PendingRequest } from './pending-requests.js';
import { readServerMessage } from './server-message.js';
import { pingMessage, SessionPings, type OnPingEnd } from './session-pings.js';
import { SessionStreams, type StreamsShared } from './session-streams.js';

/** What a cancelled request may still take to answer before its stream is ended without. Chosen. */
const CANCEL_GRACE_MS = 5000;
/** How long a call may wait for the client's answer to sampling or elicitation: people are slow (SDK: 600 s a leg). */
const CLIENT_ANSWER_MS = 600_000;
/** What all sessions of an endpoint share. */
export interface SessionShared extends StreamsShared {
  readonly source: ChannelSource;
  readonly room: InstanceRoom;
  readonly drops: DropCounter;
}

export interface SessionIdentity {
  readonly id: string;
  readonly user: string;
  /** What its instance was opened with. */
  readonly credential: string | null;
  /** Called once, when the session is not to be found any more. */
  readonly onClosed: () => void;
}

interface Handshake {
  readonly pending: PendingRequest;
  readonly reply: ExchangeReply;
  readonly requestedVersion: string | null;
}

export class LegacySession implements EndableInstance {
  readonly isStateless = false;
  readonly id: string;
  readonly user: string;
  readonly credential: string | null;
  readonly #shared: SessionShared;
  readonly #onClosed: () => void;
  readonly #streams: SessionStreams;
  readonly #pending = new PendingRequests();
  readonly #routing: MessageRouting;
  readonly #pings = new SessionPings();
  #instance: Instance | null = null;
  #handshake: Handshake | null = null;
  #version: string | null = null;
  #isClosed = false;
  #lastActiveAtMs: number;
  #whenGone: Promise<void> = Promise.resolve();

  constructor(identity: SessionIdentity, shared: SessionShared) {
    this.id = identity.id;
    this.user = identity.user;
    this.credential = identity.credential;
    this.#onClosed = identity.onClosed;
    this.#shared = shared;
    this.#streams = new SessionStreams(identity.id, shared);
    const { now } = shared.options;
    this.#routing = new MessageRouting({ pending: this.#pending, streams: this.#streams, now });
    this.#lastActiveAtMs = now();
  }

  get streamCount(): number {
    return this.#streams.openCount;
  }

  get inFlightCount(): number {
    return this.#pending.size;
  }

  get hasInstance(): boolean {
    return this.#instance !== null;
  }

  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  get isListening(): boolean {
    return this.streamCount > 0;
  }

  get lastUsedAtMs(): number {
    return this.#lastActiveAtMs;
  }

  /** The version that the handshake agreed on; null before. */
  get version(): string | null {
    return this.#version;
  }

  /** Opens the instance and asks it; the reply comes with its answer, or with why there is none. */
  initialize(message: ScannedMessage, clientId: JsonRpcId, reply: ExchangeReply): void {
    const stream = this.#streams.open();
    const { requestId } = reply;
    const { pending, bytes } = this.#pending.add({ message, clientId, stream, requestId });
    this.#handshake = { pending, reply, requestedVersion: message.initializeVersion };
    // Before the answer nobody knows the session's id: without its client it can never be used.
    reply.onAbort(() => {
      if (this.#handshake !== null) this.close(new GatewayError('GW_SESSION_UNKNOWN'));
    });
    if (reply.isAborted) return;
    const begin = (): void => {
      if (this.#isClosed) return;
      this.#instance = this.#open();
      this.#send(bytes, pending.id);
    };
    const fail = (thrown: unknown): void => {
      this.close(asGatewayError(thrown));
    };
    const { source, room } = this.#shared;
    if (source.isFull) {
      room.make(this.user).then(begin).catch(fail);
      return;
    }
    try {
      begin();
    } catch (thrown) {
      fail(thrown);
    }
  }

  /** `isPrimed`: the client understands events without data (2025-11-25). Throws before anything is sent. */
  post(messages: readonly ScannedMessage[], reply: ExchangeReply, isPrimed: boolean): void {
    this.#touch();
    if (this.#instance?.isFull !== false) {
      throw new GatewayError('GW_BULKHEAD_FULL', { hint: 'It takes no messages now.' });
    }
    if (messages.every((message) => message.kind !== 'request')) {
      for (const message of messages) this.#forward(message);
      reply.empty(202);
      return;
    }
    this.#checkStreamCount();
    const stream = this.#streams.open();
    const { requestId } = reply;
    // All ids are known before the first is sent: an answer must find its stream.
    const outgoing = messages.map((message) =>
      message.kind === 'request' && message.id !== null
        ? this.#pending.add({ message, clientId: message.id, stream, requestId })
        : message,
    );
    this.#streams.connect(stream, reply, isPrimed);
    for (const each of outgoing) {
      if ('pending' in each) this.#send(each.bytes, each.pending.id);
      else this.#forward(each);
    }
  }

  /** Opens the standing stream, or resumes the one that `lastEventId` names. */
  listen(reply: ExchangeReply, lastEventId: string | undefined, isPrimed: boolean): void {
    this.#touch();
    if (lastEventId !== undefined) {
      this.#streams.resume(reply, lastEventId);
      return;
    }
    if (!this.#streams.standing.isAttached) this.#checkStreamCount();
    this.#streams.connectStanding(reply, isPrimed);
  }

  /** Whether its server can be asked something. */
  get isPingable(): boolean {
    return this.#version !== null && this.#instance?.isFull === false;
  }

  /** Asks the server for a sign of life; does not count as use of the session. */
  ping(onEnd: OnPingEnd): () => void {
    const id = this.#pending.takeId();
    const forget = this.#pings.add(id, onEnd);
    this.#instance?.send(pingMessage(id), '', id);
    return forget;
  }

  /** Ends every stream and the instance; what is in flight is answered with `error`. Idempotent. */
  close(error: GatewayError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    const handshake = this.#handshake;
    this.#handshake = null;
    if (handshake !== null) handshake.reply.error(error, handshake.pending.clientId);
    else for (const pending of this.#pending.values()) tell(error, pending);
    this.#streams.close();
    this.#pings.fail(error);
    this.#whenGone = this.#closeInstance();
  }

  /** It gives way to another; its client begins anew at its next message. */
  end(): Promise<void> {
    this.#removeUnused('It gave way to another, because all that the server may have were in use.');
    return this.#whenGone;
  }

  /** Resolves when the instance of a closed session is gone. */
  whenClosed(): Promise<void> {
    return this.#whenGone;
  }

  sweep(nowMs: number): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.cancelledAtMs !== null && nowMs - pending.cancelledAtMs >= CANCEL_GRACE_MS) {
        this.#release(pending);
      } else if (this.#isOverdue(pending, nowMs)) this.#giveUp(pending);
    }
    const { sessionIdleMs } = this.#shared.options;
    if (this.streamCount > 0) this.#lastActiveAtMs = nowMs;
    else if (nowMs - this.#lastActiveAtMs >= sessionIdleMs) {
      this.#removeUnused('It was idle for too long.');
    }
  }

  #removeUnused(hint: string): void {
    const { onRemoved } = this.#shared.options;
    onRemoved?.('session');
    if (this.#instance !== null) onRemoved?.('instance');
    this.close(new GatewayError('GW_SESSION_UNKNOWN', { hint }));
  }

  #open(): Instance {
    return new Instance({
      source: this.#shared.source,
      owner: { purpose: 'session', user: this.user, credential: this.credential },
      era: 'legacy',
      events: {
        onMessage: (bytes, relatedId) => {
          this.#onMessage(bytes, relatedId);
        },
        onStreamClosed: (relatedId) => {
          this.#routing.streamOf(relatedId)?.endForPolling();
        },
        onLost: (cause) => {
          this.#onLost(cause);
        },
      },
    });
  }

  #checkStreamCount(): void {
    if (this.streamCount < this.#shared.options.maxStreamsPerSession) return;
    throw new GatewayError('GW_USER_BUSY', { hint: 'This session has too many open streams.' });
  }

  // --- client to server ---

  #forward(message: ScannedMessage): void {
    if (message.method === 'notifications/cancelled') {
      this.#forwardCancellation(message);
      return;
    }
    if (message.kind === 'response' && message.id !== null) this.#routing.questionOver(message.id);
    this.#send(message.bytes, null);
  }

  /** Cancels nothing rather than the wrong call when the id is not, or no more, one request's. */
  #forwardCancellation(message: ScannedMessage): void {
    const { cancelledId, cancelledIdRange } = message;
    const pending = cancelledId === null ? undefined : this.#pending.onlyOne(cancelledId);
    if (pending === undefined || cancelledIdRange === null || this.#handshake !== null) return;
    pending.cancelledAtMs ??= this.#shared.options.now();
    if (this.#instance?.withdraw(pending.id) === true) {
      this.#release(pending);
      return;
    }
    const edits = [{ range: cancelledIdRange, value: pending.id }];
    this.#send(spliceValues(message.bytes, edits), null);
  }

  #send(bytes: Buffer, id: number | null): void {
    this.#instance?.send(bytes, this.user, id);
  }

  // --- server to client ---

  #onMessage(bytes: Buffer, relatedId: JsonRpcId | undefined): void {
    const read = readServerMessage(bytes);
    if (read.kind === 'malformed') {
      this.#onMalformed(read.id, read.reason);
      return;
    }
    const { message } = read;
    if (message.kind === 'response') this.#onResponse(message);
    else this.#routing.route(message, relatedId);
  }

  #onMalformed(id: JsonRpcId | null, reason: string): void {
    this.#shared.drops.count('malformed', reason);
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending !== undefined) this.#fail(pending, new GatewayError('GW_UPSTREAM_PROTOCOL'));
  }

  #onResponse(message: ScannedMessage): void {
    const { id, idRange } = message;
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending === undefined && typeof id === 'number' && this.#pings.wasAnswered(id)) return;
    if (pending === undefined || idRange === null) {
      this.#shared.drops.count('unknown-response', String(id));
      return;
    }
    const bytes = spliceValues(message.bytes, [{ range: idRange, value: pending.clientId }]);
    if (this.#handshake?.pending === pending) this.#onInitialized(this.#handshake, message, bytes);
    else this.#answer(pending, bytes);
  }

  #onInitialized(handshake: Handshake, message: ScannedMessage, bytes: Buffer): void {
    const { pending, reply, requestedVersion } = handshake;
    this.#handshake = null;
    this.#pending.delete(pending);
    const outcome = judgeHandshake(message, requestedVersion);
    if (outcome.kind === 'opened') {
      this.#version = outcome.version;
      pending.stream.send(bytes);
      this.#streams.connect(pending.stream, reply, understandsPriming(requestedVersion));
      this.#streams.finish(pending.stream);
      return;
    }
    if (outcome.kind === 'refused') reply.json(outcome.status, bytes);
    else reply.error(outcome.error, pending.clientId);
    this.close(new GatewayError('GW_SESSION_UNKNOWN'));
  }

  #answer(pending: PendingRequest, bytes: Buffer): void {
    pending.stream.send(bytes);
    this.#release(pending);
  }

  /** The request is over; its stream ends with the last of its requests. */
  #release(pending: PendingRequest): void {
    this.#pending.delete(pending);
    this.#touch();
    if (pending.stream.owed.size === 0) this.#streams.finish(pending.stream);
  }

  #fail(pending: PendingRequest, error: GatewayError): void {
    if (this.#handshake?.pending === pending) {
      this.close(error);
      return;
    }
    tell(error, pending);
    this.#release(pending);
  }

  #isOverdue({ stream }: PendingRequest, nowMs: number): boolean {
    const { requestTimeoutMs } = this.#shared.options;
    const limitMs = this.#routing.isAsking(stream)
      ? Math.max(CLIENT_ANSWER_MS, requestTimeoutMs)
      : requestTimeoutMs;
    return nowMs - stream.lastActiveAtMs >= limitMs;
  }

  #giveUp(pending: PendingRequest): void {
    const wasQueued = this.#instance?.withdraw(pending.id) === true;
    const hint = wasQueued
      ? 'The request was not sent.'
      : 'Whether the request was carried out is unknown.';
    const isHandshake = this.#handshake?.pending === pending;
    if (!wasQueued && !isHandshake) this.#instance?.cancel(pending.id, this.user, 'deadline');
    this.#fail(pending, new GatewayError('GW_UPSTREAM_TIMEOUT', { hint }));
  }

  // --- the end ---

  #onLost(cause: GatewayError): void {
    const { log } = this.#shared.options;
    log.warn({ user: this.user, err: cause }, 'a session lost its server');
    // Before the handshake the cause is the answer; later calls may have been carried out or not.
    this.close(this.#handshake === null ? lostWithServer(cause) : cause);
  }

  async #closeInstance(): Promise<void> {
    try {
      await this.#instance?.close();
    } catch (thrown) {
      const err = asGatewayError(thrown);
      this.#shared.options.log.warn({ err }, 'an instance of the server did not close');
    }
  }

  #touch(): void {
    this.#lastActiveAtMs = this.#shared.options.now();
  }
}

function tell(error: GatewayError, { clientId, requestId, stream }: PendingRequest): void {
  const message = errorMessage(error, clientId, requestId);
  stream.sendError(error.code, Buffer.from(JSON.stringify(message)));
}
