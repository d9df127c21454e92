/** A client that listens: its reply is a stream that begins with the acknowledgement and lives until someone ends it. */
import type { GatewayError } from '../kernel/errors.js';
import { modernStatus } from '../mcp/modern-status.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import { spliceValues } from '../mcp/splice.js';
import { sseEvent } from '../mcp/sse.js';
import type { ExchangeReply } from './exchange-reply.js';
import { addressedTo, resultFor, type Listener, type Notification } from './listen-group.js';
import type { PacedWriter } from './paced-writer.js';

export class ClientListener implements Listener {
  readonly #reply: ExchangeReply;
  /** The id of the client's request, which names its subscription. */
  readonly #id: JsonRpcId;
  #writer: PacedWriter | null = null;

  constructor(reply: ExchangeReply, id: JsonRpcId) {
    this.#reply = reply;
    this.#id = id;
  }

  onAcknowledged(notification: Notification): void {
    this.#writer = this.#reply.openEvents();
    this.#writer?.write(sseEvent(addressedTo(notification, this.#id)));
  }

  onChange(notification: Notification): void {
    // Before the acknowledgement there is no stream: it must be the first frame.
    this.#writer?.write(sseEvent(addressedTo(notification, this.#id)));
  }

  onResult(result: unknown): void {
    const bytes = resultFor(result, this.#id);
    if (this.#writer === null) this.#reply.json(200, bytes);
    else this.#writer.write(sseEvent(bytes));
    this.#writer?.end();
  }

  onRefused(response: ScannedMessage): void {
    const { bytes, idRange } = response;
    const own =
      idRange === null ? bytes : spliceValues(bytes, [{ range: idRange, value: this.#id }]);
    if (this.#writer === null) this.#reply.json(modernStatus(response), own);
    else this.#writer.write(sseEvent(own));
    this.#writer?.end();
  }

  /** An open stream ends without a result: that tells the client to listen again. */
  onLost(error: GatewayError): void {
    if (this.#writer === null) this.#reply.error(error, this.#id);
    else this.#writer.end();
  }
}
