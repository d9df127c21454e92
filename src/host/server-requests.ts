/**
 * What the server of a legacy session asked its client (sampling, elicitation, roots) and waits for:
 * where each question went, so that its cancellation goes there too, and so that the deadline of the
 * call that caused it stands still while a person thinks. Bounded; the oldest is forgotten first.
 */
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { SessionStream } from './session-stream.js';

/** Chosen. A forgotten question can still be answered; only its bookkeeping is gone. */
const MAX_REQUESTS = 1000;

export class ServerRequests {
  readonly #streams = new Map<JsonRpcId, SessionStream>();

  asked(id: JsonRpcId, stream: SessionStream): void {
    this.over(id);
    const oldest = this.#streams.keys().next();
    if (this.#streams.size >= MAX_REQUESTS && oldest.done !== true) this.over(oldest.value);
    this.#streams.set(id, stream);
    stream.awaitedAnswers += 1;
  }

  /** Answered by the client or withdrawn by the server. Returns the stream that carried the question. */
  over(id: JsonRpcId): SessionStream | undefined {
    const stream = this.#streams.get(id);
    if (stream === undefined) return undefined;
    this.#streams.delete(id);
    stream.awaitedAnswers -= 1;
    return stream;
  }
}
