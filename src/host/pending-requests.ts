/**
 * The requests in flight on the channel of one legacy session. Clients reuse ids (claude.ai sends 1 on
 * every request) and so may reuse progress tokens; on the channel every request has an integer of ours,
 * and a token is changed when another request in flight already uses it.
 */
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import { spliceValues, type Edit } from '../mcp/splice.js';
import type { SessionStream } from './session-stream.js';

export interface PendingRequest {
  readonly id: number;
  readonly clientId: JsonRpcId;
  /** The client's progress token, and the one the server was given for it; null where it sent none. */
  readonly clientToken: JsonRpcId | null;
  readonly channelToken: JsonRpcId | null;
  readonly stream: SessionStream;
  /** The worker's name for the HTTP request, for error bodies. */
  readonly requestId: string;
  /** When the client cancelled it; null while it did not. */
  cancelledAtMs: number | null;
}

export interface NewRequest {
  readonly message: ScannedMessage;
  /** The message's id. */
  readonly clientId: JsonRpcId;
  readonly stream: SessionStream;
  readonly requestId: string;
}

export interface AddedRequest {
  readonly pending: PendingRequest;
  /** What the server is sent. */
  readonly bytes: Buffer;
}

export class PendingRequests {
  readonly #byId = new Map<number, PendingRequest>();
  readonly #byToken = new Map<JsonRpcId, PendingRequest>();
  #lastId = 0;

  get size(): number {
    return this.#byId.size;
  }

  values(): Iterable<PendingRequest> {
    return this.#byId.values();
  }

  /** An id that no request has, for a message of the gateway's own. */
  takeId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  add({ message, clientId, stream, requestId }: NewRequest): AddedRequest {
    const id = this.takeId();
    const clientToken = message.progressToken;
    const channelToken = clientToken === null ? null : this.#freeToken(clientToken, id);
    const pending: PendingRequest = {
      id,
      clientId,
      clientToken,
      channelToken,
      stream,
      requestId,
      cancelledAtMs: null,
    };
    this.#byId.set(id, pending);
    if (channelToken !== null) this.#byToken.set(channelToken, pending);
    stream.owed.add(id);
    const edits: Edit[] = [];
    if (message.idRange !== null) edits.push({ range: message.idRange, value: id });
    if (message.progressTokenRange !== null && channelToken !== clientToken) {
      edits.push({ range: message.progressTokenRange, value: channelToken });
    }
    return { pending, bytes: spliceValues(message.bytes, edits) };
  }

  get(id: number): PendingRequest | undefined {
    return this.#byId.get(id);
  }

  byToken(token: JsonRpcId): PendingRequest | undefined {
    return this.#byToken.get(token);
  }

  /** The one request in flight that the client calls `clientId`; undefined when there is none or several. */
  onlyOne(clientId: JsonRpcId): PendingRequest | undefined {
    let found: PendingRequest | undefined;
    for (const pending of this.#byId.values()) {
      if (pending.clientId !== clientId) continue;
      if (found !== undefined) return undefined;
      found = pending;
    }
    return found;
  }

  delete(pending: PendingRequest): void {
    this.#byId.delete(pending.id);
    if (pending.channelToken !== null) this.#byToken.delete(pending.channelToken);
    pending.stream.owed.delete(pending.id);
  }

  #freeToken(wanted: JsonRpcId, id: number): JsonRpcId {
    let token = wanted;
    while (this.#byToken.has(token)) token = `${token}~${id}`;
    return token;
  }
}
