/**
 * All streams of one legacy session: the standing GET, the POSTs that still owe responses, and the
 * finished ones that may still be resumed.
 */
import { GatewayError } from '../kernel/errors.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { ExchangeReply } from './exchange-reply.js';
import type { RetainedStreams } from './retained-streams.js';
import { parseEventId, SessionStream, STANDING_STREAM } from './session-stream.js';
import { chooseStream } from './stream-choice.js';

export interface StreamsShared {
  readonly options: EndpointOptions;
  /** Finished while a connection carried them, and while none did. */
  readonly delivered: RetainedStreams;
  readonly undelivered: RetainedStreams;
}

export class SessionStreams {
  readonly standing: SessionStream;
  readonly #shared: StreamsShared;
  /** Sent with every stream: names the session. */
  readonly #headers: readonly string[];
  /** Oldest first. */
  readonly #inFlight = new Map<number, SessionStream>();
  readonly #finished = new Map<number, SessionStream>();
  #lastNumber = STANDING_STREAM;

  constructor(sessionId: string, shared: StreamsShared) {
    this.#shared = shared;
    this.#headers = ['mcp-session-id', sessionId];
    this.standing = this.#create(STANDING_STREAM);
  }

  /** POSTs in flight, with or without a connection, and the standing GET. */
  get openCount(): number {
    return this.#inFlight.size + (this.standing.isAttached ? 1 : 0);
  }

  inFlight(): Iterable<SessionStream> {
    return this.#inFlight.values();
  }

  /** A stream for one POST; it is in flight until `finish`. */
  open(): SessionStream {
    this.#lastNumber += 1;
    const stream = this.#create(this.#lastNumber);
    this.#inFlight.set(stream.number, stream);
    return stream;
  }

  connect(stream: SessionStream, reply: ExchangeReply, isPrimed: boolean): void {
    stream.attach(reply, this.#headers, isPrimed);
  }

  /** Throws GW_CONFLICT when the standing stream has a connection. */
  connectStanding(reply: ExchangeReply, isPrimed: boolean): void {
    if (this.standing.isAttached) throw new GatewayError('GW_CONFLICT');
    this.connect(this.standing, reply, isPrimed);
  }

  /** Throws when `lastEventId` names nothing here, or a stream that still has its connection. */
  resume(reply: ExchangeReply, lastEventId: string): void {
    const at = parseEventId(lastEventId);
    const stream = at === null ? undefined : this.#find(at.stream);
    if (at === null || stream === undefined) {
      throw new GatewayError('GW_BAD_REQUEST', {
        hint: 'Last-Event-ID names no stream of this session that can be resumed.',
      });
    }
    // Never swapped: whoever holds the stream keeps it (CVE-2026-33946).
    if (stream.isAttached) throw new GatewayError('GW_CONFLICT');
    stream.resume(reply, this.#headers, at.sequence);
  }

  /** Where a message that the server began goes. `named`: the stream of the request it names, if any. */
  choose(named: SessionStream | undefined, method: string): SessionStream {
    return chooseStream({
      named,
      method,
      inFlight: this.#inFlight.values(),
      inFlightCount: this.#inFlight.size,
      standing: this.standing,
    });
  }

  /** The stream owes nothing any more; it stays resumable for a while. */
  finish(stream: SessionStream): void {
    const { options, delivered, undelivered } = this.#shared;
    const retained = stream.isAttached ? delivered : undelivered;
    this.#inFlight.delete(stream.number);
    this.#finished.set(stream.number, stream);
    stream.finish();
    retained.add(stream, options.now(), () => {
      this.#finished.delete(stream.number);
      stream.forget();
    });
  }

  /** Ends every connection and forgets what was stored. */
  close(): void {
    this.standing.endConnection();
    for (const stream of this.#inFlight.values()) stream.endConnection();
    for (const stream of this.#finished.values()) {
      this.#shared.delivered.delete(stream);
      this.#shared.undelivered.delete(stream);
    }
    this.#inFlight.clear();
    this.#finished.clear();
  }

  #find(number: number): SessionStream | undefined {
    if (number === STANDING_STREAM) return this.standing;
    return this.#inFlight.get(number) ?? this.#finished.get(number);
  }

  #create(number: number): SessionStream {
    const { options } = this.#shared;
    return new SessionStream({
      number,
      store: { maxEvents: options.eventStoreMaxEvents, maxBytes: options.eventStoreMaxBytes },
      nowMs: options.now(),
    });
  }
}
