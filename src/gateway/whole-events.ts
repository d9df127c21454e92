/**
 * Passes an event stream on event by whole event, so that between two of them anything of ours (a
 * heartbeat, an error) may stand. Only an event too long to be held goes through in pieces, and until
 * its end has passed nothing may be put in between.
 */
import { idAtEnds } from '../mcp/answer-id.js';
import { scanMessage, type JsonRpcId } from '../mcp/scan-message.js';
import { completeEventsLength } from '../mcp/sse-boundary.js';

/** An event longer than this is passed on in pieces. */
const HOLD_BYTES = 256 * 1024;
/** A longer message is not walked over as a whole when one of its ends tells whose it is. */
const SCANNED_BYTES = 4_096;

export class WholeEvents {
  /** The beginning of an over-long event was passed on. */
  isInsideEvent = false;
  /** Bytes of an event whose end has not come. */
  #held: Buffer | null = null;
  #last: Buffer | null = null;
  #hadLongEvent = false;
  #hadEventIds = false;

  /** Takes the next bytes of the stream; what may be passed on now, null for nothing yet. */
  take(chunk: Buffer): Buffer | null {
    const bytes = this.#held === null ? chunk : Buffer.concat([this.#held, chunk]);
    const length = completeEventsLength(bytes, this.#held?.length);
    this.#held = null;
    if (bytes.length - length > HOLD_BYTES) {
      this.isInsideEvent = true;
      this.#hadLongEvent = true;
      return bytes;
    }
    if (length > 0) this.isInsideEvent = false;
    else if (this.isInsideEvent) return bytes;
    if (length < bytes.length) this.#held = bytes.subarray(length);
    if (length === 0) return null;
    this.#last = bytes.subarray(0, length);
    this.#hadEventIds ||= hasEventId(this.#last);
    return this.#last;
  }

  /** What is left when the stream ends: an event without its blank line. Null for nothing. */
  rest(): Buffer | null {
    return this.#held;
  }

  /** The last whole events that were passed on: a call's answer is among them, if it came. */
  last(): Buffer | null {
    return this.#last;
  }

  /** Whether the final response was already passed on, so that the id is not answered twice. */
  haveAnswered(id: JsonRpcId): boolean {
    if (this.#last === null) return false;
    // The last event first: nothing should come after the answer.
    for (const line of this.#last
      .toString()
      .split(/\r\n|\n|\r/)
      .reverse()) {
      if (line.startsWith('data:') && isAnswer(Buffer.from(line.slice(5).trimStart()), id)) {
        return true;
      }
    }
    return false;
  }

  /**
   * False: the stream is over, and the answer was not in it and will not come. Events with ids say that it
   * may come on another connection (2025-11-25 basic/transports, resumability).
   */
  mayBeAnswered(id: JsonRpcId): boolean {
    if (this.#held !== null || this.#hadLongEvent || this.#hadEventIds) return true;
    return this.haveAnswered(id);
  }
}

function isAnswer(message: Buffer, id: JsonRpcId): boolean {
  const found = message.length > SCANNED_BYTES ? idAtEnds(message) : undefined;
  if (found !== undefined) return found === id;
  try {
    const scanned = scanMessage(message);
    return scanned.kind === 'response' && scanned.id === id;
  } catch {
    return false; // Not a message of its own line: it cannot be the answer we look for.
  }
}

function hasEventId(events: Buffer): boolean {
  return (
    events.includes('\nid:') ||
    events.includes('\rid:') ||
    events.toString('latin1', 0, 3) === 'id:'
  );
}
