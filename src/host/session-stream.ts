/**
 * One SSE stream of a legacy session as MCP means it: the messages that answer one POST, or the
 * standing GET, with event ids, whether or not a connection carries it at the moment. A lost connection
 * loses nothing: what is sent meanwhile is stored, and a GET with `Last-Event-ID` continues here and
 * nowhere else (2025-11-25 basic/transports, "Resumability and Redelivery").
 */
import type { ErrorCode } from '../kernel/errors.js';
import { primingEvent, sseEvent } from '../mcp/sse.js';
import { EventStore, type EventStoreLimits } from './event-store.js';
import type { ExchangeReply } from './exchange-reply.js';
import type { PacedWriter } from './paced-writer.js';

/** The stream that a GET without `Last-Event-ID` opens. */
export const STANDING_STREAM = 0;

/** How long a client waits before it resumes (SSE `retry`). Chosen. */
const RETRY_MS = 1000;

export interface SessionStreamOptions {
  /** Unique in the session; 0 is the standing stream. */
  readonly number: number;
  readonly store: EventStoreLimits;
  readonly nowMs: number;
}

export class SessionStream {
  readonly number: number;
  /** Requests, by their ids on the channel, whose responses this stream still owes. */
  readonly owed = new Set<number>();
  /** Requests of the server that went out here and wait for the client's answer. */
  awaitedAnswers = 0;
  /** When the server or the client last said something about this stream's requests. */
  lastActiveAtMs: number;

  readonly #store: EventStore;
  #isFinished = false;
  /** The error that was told last. */
  #told: ErrorCode | undefined;
  /** The client was given an event id with the connection's first byte. */
  #isPrimed = false;
  #writer: PacedWriter | null = null;
  /** Sequence of the newest event that was written to a connection. */
  #deliveredSequence = 0;

  constructor(options: SessionStreamOptions) {
    this.number = options.number;
    this.lastActiveAtMs = options.nowMs;
    this.#store = new EventStore(options.store);
  }

  /** A connection carries it now. */
  get isAttached(): boolean {
    return this.#writer?.isOpen === true;
  }

  get storedBytes(): number {
    return this.#store.byteLength;
  }

  /** Begins the reply as this stream's connection and writes what no connection was given yet. */
  attach(reply: ExchangeReply, headers: readonly string[], isPrimed: boolean): void {
    this.#open(reply, headers, isPrimed, this.#deliveredSequence);
  }

  /** The same for a client that says which event it saw last; earlier deliveries are repeated from there. */
  resume(reply: ExchangeReply, headers: readonly string[], lastSequence: number): void {
    this.#open(reply, headers, false, lastSequence);
    if (this.#isFinished) this.endConnection();
  }

  /** Stores the message and writes it where a connection is. */
  send(message: Buffer): void {
    const event = this.#store.append((sequence) =>
      sseEvent(message, eventId(this.number, sequence)),
    );
    if (!this.isAttached) return;
    this.#writer?.write(event.bytes);
    this.#deliveredSequence = event.sequence;
  }

  /** The same for an error of the host's own that stands in a response's place. */
  sendError(code: ErrorCode, message: Buffer): void {
    this.#told = code;
    this.send(message);
  }

  /** All responses were sent: the connection ends, the stored messages stay for a client that lost it. */
  finish(): void {
    this.#isFinished = true;
    this.endConnection();
  }

  endConnection(): void {
    this.#writer?.end(this.#told);
  }

  /** Ends the connection so that the client polls; only where the client has an event id to resume from. */
  endForPolling(): void {
    if (this.#isPrimed) this.endConnection();
  }

  /** Forgets the stored messages. */
  forget(): void {
    this.#store.clear();
  }

  #open(
    reply: ExchangeReply,
    headers: readonly string[],
    isPrimed: boolean,
    afterSequence: number,
  ): void {
    const writer = reply.openEvents(headers);
    if (writer === null) return;
    this.#writer = writer;
    this.#isPrimed ||= isPrimed;
    if (isPrimed) writer.write(primingEvent(eventId(this.number, afterSequence), RETRY_MS));
    for (const event of this.#store.after(afterSequence)) {
      writer.write(event.bytes);
      this.#deliveredSequence = Math.max(this.#deliveredSequence, event.sequence);
    }
  }
}

function eventId(stream: number, sequence: number): string {
  return `${stream}-${sequence}`;
}

/** Where an event id points; null when it is none of ours. */
export function parseEventId(id: string): { stream: number; sequence: number } | null {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(id);
  if (match === null) return null;
  return { stream: Number(match[1]), sequence: Number(match[2]) };
}
