/**
 * Passes an event stream on event by whole event, so that between two of them anything of ours (a
 * heartbeat, an error) may stand. Only an event too long to be held goes through in pieces, and until
 * its end has passed nothing may be put in between.
 */
import { EventBuffer } from '../mcp/event-buffer.js';
import { endsLikeJson } from '../mcp/json-end.js';
import {
  scanMessage,
  SERVER_SCAN_LIMITS,
  type JsonRpcId,
  type ScannedMessage,
} from '../mcp/scan-message.js';
import { completeEventsLength } from '../mcp/sse-boundary.js';

/** An event longer than this is passed on in pieces. */
const HOLD_BYTES = 256 * 1024;

export class WholeEvents {
  /** The beginning of an over-long event was passed on. */
  isInsideEvent = false;
  /** An event with an id passed: its client can ask for what follows on another connection. */
  isResumable = false;
  readonly #buffer = new EventBuffer();
  #last: Buffer | null = null;
  /** The last piece of an over-long event that has not ended. */
  #piece: Buffer | null = null;
  /** A whole event passed that may have been the answer, or one that says that it may come on another connection. */
  #mayBeAnswered = false;

  /** Takes the next bytes of the stream; what may be passed on now, null for nothing yet. */
  take(chunk: Buffer): Buffer | null {
    if (this.isInsideEvent && completeEventsLength(chunk) === 0) return this.#passPiece(chunk);
    const whole = this.#buffer.take(chunk);
    if (this.#buffer.heldBytes > HOLD_BYTES) return this.#beginOverlong(whole);
    if (whole === null) return null;
    this.#endOverlong();
    // A comment after the answer must not make it forgotten.
    if (whole.includes('data:')) this.#last = whole;
    this.isResumable ||= hasEventId(whole);
    this.#mayBeAnswered ||= this.isResumable || mayAnswer(whole);
    return whole;
  }

  /** What is left when the stream ends: an event without its blank line. Null for nothing. */
  rest(): Buffer | null {
    return this.#buffer.takeHeld();
  }

  /** The last whole events that were passed on: a call's answer is among them, if it came. */
  last(): Buffer | null {
    return this.#last;
  }

  /** Whether the final response was already passed on, so that the id is not answered twice. */
  haveAnswered(id: JsonRpcId): boolean {
    if (this.#last === null) return false;
    for (const message of messagesIn(this.#last)) {
      if (message?.kind === 'response' && message.id === id) return true;
    }
    return false;
  }

  /**
   * False: the answer was in nothing that passed. For the end of the stream; in doubt it is true, also for an
   * event that lacks only its blank line.
   */
  get mayBeAnswered(): boolean {
    if (this.#mayBeAnswered) return true;
    if (this.#buffer.heldBytes > 0) return endsLikeJson(this.#buffer.held());
    return this.#piece !== null && endsLikeJson(this.#piece);
  }

  #passPiece(bytes: Buffer): Buffer {
    this.#piece = bytes;
    return bytes;
  }

  #beginOverlong(whole: Buffer | null): Buffer | null {
    const begun = this.#buffer.takeHeld();
    if (begun === null) return whole;
    const bytes = whole === null ? begun : Buffer.concat([whole, begun]);
    // What ends in these bytes is not looked through: that would cost as much as it is long.
    if (whole !== null || hasEventId(bytes)) this.#mayBeAnswered = true;
    this.isInsideEvent = true;
    return this.#passPiece(bytes);
  }

  #endOverlong(): void {
    if (!this.isInsideEvent) return;
    this.isInsideEvent = false;
    this.#piece = null;
    this.#mayBeAnswered = true;
  }
}

/**
 * A response has one of two members, wherever its lines are broken. A log message of the level "error" has the word
 * too, so what may be a notification is looked at.
 */
function mayAnswer(events: Buffer): boolean {
  if (!events.includes('"result"') && !events.includes('"error"')) return false;
  if (!events.includes('"method"')) return true;
  for (const message of messagesIn(events)) {
    if (message === null || message.kind === 'response') return true;
  }
  return false;
}

/** The messages that stand on one line; null for a line that is none of its own. */
function* messagesIn(events: Buffer): Generator<ScannedMessage | null> {
  for (const line of events.toString().split(/\r\n|\n|\r/)) {
    const data = line.startsWith('data:') ? line.slice(5).trimStart() : '';
    if (data !== '') yield messageOn(data);
  }
}

function messageOn(line: string): ScannedMessage | null {
  try {
    return scanMessage(Buffer.from(line), SERVER_SCAN_LIMITS);
  } catch {
    return null;
  }
}

/** What follows it can be asked for on another connection (2025-11-25 basic/transports, resumability). */
function hasEventId(events: Buffer): boolean {
  return (
    events.includes('\nid:') ||
    events.includes('\rid:') ||
    events.toString('latin1', 0, 3) === 'id:'
  );
}
