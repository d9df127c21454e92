/**
 * One modern request and its reply: JSON when the response is all the server says, a stream of events
 * from the first notification on. When the client leaves, the request is cancelled: a broken stream
 * cannot be resumed (MCP 2026-07-28 basic/transports).
 */
import type { ErrorCode, GatewayError } from '../kernel/errors.js';
import { errorMessage } from '../gateway/error-reply.js';
import { asksForLogs } from '../mcp/message-members.js';
import { modernStatus } from '../mcp/modern-status.js';
import type { JsonRpcId, ScannedMessage } from '../mcp/scan-message.js';
import { spliceValues, type Edit } from '../mcp/splice.js';
import { sseEvent } from '../mcp/sse.js';
import type { ExchangeReply } from './exchange-reply.js';
import type { HubWaiter } from './addressee.js';
import type { ModernHub } from './modern-hub.js';
import type { PacedWriter } from './paced-writer.js';

export interface ModernExchangeOptions {
  readonly hub: ModernHub;
  readonly message: ScannedMessage;
  /** The message's id. */
  readonly clientId: JsonRpcId;
  readonly user: string;
  readonly reply: ExchangeReply;
  readonly silenceLimitMs: number;
}

/** Sends the request and answers it in time. Throws a GatewayError when it was not sent. */
export function startModernExchange(options: ModernExchangeOptions): void {
  const { hub, message, reply } = options;
  const exchange = new ModernExchange(options);
  const id = hub.begin(exchange, (channelId) => rewriteIds(message, channelId));
  reply.onAbort(() => {
    hub.cancel(id, 'the client left');
  });
}

/** The request as the shared server gets it: its id and its progress token are the channel's id. */
export function rewriteIds(message: ScannedMessage, channelId: number): Buffer {
  const edits: Edit[] = [];
  if (message.idRange !== null) edits.push({ range: message.idRange, value: channelId });
  if (message.progressTokenRange !== null) {
    edits.push({ range: message.progressTokenRange, value: channelId });
  }
  return spliceValues(message.bytes, edits);
}

class ModernExchange implements HubWaiter {
  readonly kind = 'request';
  readonly user: string;
  readonly wantsLogs: boolean;
  readonly silenceLimitMs: number;
  readonly #options: ModernExchangeOptions;
  #writer: PacedWriter | null = null;

  constructor(options: ModernExchangeOptions) {
    this.user = options.user;
    this.wantsLogs = asksForLogs(options.message);
    this.silenceLimitMs = options.silenceLimitMs;
    this.#options = options;
  }

  onNotification(message: ScannedMessage): void {
    const { progressToken } = this.#options.message;
    if (message.progressOfRange === null) this.#writeEvent(message.bytes);
    else if (progressToken !== null) {
      const edits = [{ range: message.progressOfRange, value: progressToken }];
      this.#writeEvent(spliceValues(message.bytes, edits));
    }
  }

  onResponse(message: ScannedMessage): void {
    const { clientId, reply } = this.#options;
    const bytes =
      message.idRange === null
        ? message.bytes
        : spliceValues(message.bytes, [{ range: message.idRange, value: clientId }]);
    if (this.#writer === null) reply.json(modernStatus(message), bytes);
    else this.#writeLast(bytes);
  }

  onLost(error: GatewayError): void {
    const { clientId, reply } = this.#options;
    if (this.#writer === null) reply.error(error, clientId);
    else {
      const message = errorMessage(error, clientId, reply.requestId);
      this.#writeLast(Buffer.from(JSON.stringify(message)), error.code);
    }
  }

  #writeEvent(bytes: Buffer): void {
    this.#writer ??= this.#options.reply.openEvents();
    this.#writer?.write(sseEvent(bytes));
  }

  #writeLast(bytes: Buffer, told?: ErrorCode): void {
    this.#writer?.write(sseEvent(bytes));
    this.#writer?.end(told);
  }
}
