/**
 * One request inside a tool module: its abort signal, and the messages about it that go to its client.
 * Once it is over nothing more is sent for it, whatever the handler still does.
 */
import type { Logger } from 'pino';
import { memberOf } from '../mcp/message-members.js';
import type { JsonRpcId } from '../mcp/scan-message.js';
import type { CallContext, ModuleStorage } from '../servers/module-api.js';
import { callLog, type McpLogLevel } from './module-log.js';

export interface ModuleCallOptions {
  readonly id: JsonRpcId;
  readonly params: unknown;
  readonly user: string;
  readonly credential: string | null;
  readonly storage: ModuleStorage;
  readonly serverName: string;
  /** Null: no logs for this client. */
  readonly logThreshold: McpLogLevel | null;
  readonly log: Logger;
  readonly notify: (notification: object) => void;
}

export class ModuleCall {
  readonly context: CallContext;
  readonly #abort = new AbortController();
  readonly #options: ModuleCallOptions;
  #isOver = false;

  constructor(options: ModuleCallOptions) {
    this.#options = options;
    const token = memberOf(memberOf(options.params, '_meta'), 'progressToken');
    this.context = {
      user: options.user,
      credential: options.credential,
      signal: this.#abort.signal,
      storage: options.storage,
      log: callLog({
        log: options.log,
        threshold: options.logThreshold,
        send: (level, data) => {
          this.#notify('notifications/message', { level, logger: options.serverName, data });
        },
      }),
      progress: (progress, total, message) => {
        if (token === undefined) return;
        this.#notify('notifications/progress', {
          progressToken: token,
          progress,
          ...(total !== undefined && { total }),
          ...(message !== undefined && { message }),
        });
      },
    };
  }

  /** The answer was sent. */
  finish(): void {
    this.#isOver = true;
  }

  /** Nobody waits any more. */
  cancel(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#abort.abort(reason);
  }

  #notify(method: string, params: object): void {
    if (!this.#isOver) this.#options.notify({ jsonrpc: '2.0', method, params });
  }
}
