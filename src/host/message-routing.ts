/**
 * Where the messages that a legacy server begins go, and what the gateway must remember of them: the
 * questions that await the client's answer, because a call that asked one waits for a person.
 */
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import { spliceValues } from '../mcp/splice.js';
import type { PendingRequests } from './pending-requests.js';
import { ServerRequests } from './server-requests.js';
import type { SessionStream } from './session-stream.js';
import type { SessionStreams } from './session-streams.js';

export interface MessageRoutingOptions {
  readonly pending: PendingRequests;
  readonly streams: SessionStreams;
  readonly now: () => number;
}

interface Attributed {
  /** The stream of the request that the message names; undefined when it names none. */
  readonly named: SessionStream | undefined;
  /** The message as the client knows it. */
  readonly bytes: Buffer;
}

export class MessageRouting {
  readonly #options: MessageRoutingOptions;
  readonly #questions = new ServerRequests();

  constructor(options: MessageRoutingOptions) {
    this.#options = options;
  }

  /** Puts a request or notification of the server on its stream. `relatedId`: its cause, where known. */
  route(message: ScannedMessage, relatedId: JsonRpcId | undefined): void {
    const { streams, now } = this.#options;
    const { bytes, named } = this.#attribute(message, relatedId);
    const stream = streams.choose(named, message.method);
    if (message.kind === 'request' && message.id !== null)
      this.#questions.asked(message.id, stream);
    stream.lastActiveAtMs = now();
    stream.send(bytes);
  }

  /** The server has its answer, or wants none: the deadline of what asked runs again, from now. */
  questionOver(id: JsonRpcId): SessionStream | undefined {
    const { streams, now } = this.#options;
    const stream = this.#questions.over(id);
    if (stream === streams.standing) {
      for (const each of streams.inFlight()) each.lastActiveAtMs = now();
    } else if (stream !== undefined) stream.lastActiveAtMs = now();
    return stream;
  }

  /** A question of this stream's calls, or one that may be theirs, awaits the client's answer. */
  isAsking(stream: SessionStream): boolean {
    return stream.awaitedAnswers > 0 || this.#options.streams.standing.awaitedAnswers > 0;
  }

  /** The stream of the request with that id on the channel. */
  streamOf(id: JsonRpcId | undefined): SessionStream | undefined {
    return typeof id === 'number' ? this.#options.pending.get(id)?.stream : undefined;
  }

  #attribute(message: ScannedMessage, relatedId: JsonRpcId | undefined): Attributed {
    const { bytes, progressOf, progressOfRange, cancelledId, method } = message;
    const related = this.streamOf(relatedId);
    if (method === 'notifications/progress' && progressOf !== null && progressOfRange !== null) {
      const pending = this.#options.pending.byToken(progressOf);
      if (pending === undefined) return { bytes, named: related };
      if (pending.clientToken === pending.channelToken) return { bytes, named: pending.stream };
      const edits = [{ range: progressOfRange, value: pending.clientToken }];
      return { bytes: spliceValues(bytes, edits), named: pending.stream };
    }
    if (method === 'notifications/cancelled' && cancelledId !== null) {
      return { bytes, named: this.questionOver(cancelledId) ?? related };
    }
    return { bytes, named: related };
  }
}
