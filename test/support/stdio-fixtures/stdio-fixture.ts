/** How tests start a fixture of this folder: as a child's spec, and as a channel whose messages they await. */
import { once, EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import pino, { type Logger } from 'pino';
import type { Channel, ChannelListener } from '../../../src/host/channel.js';
import type { ChildSpec } from '../../../src/host/child-process.js';
import type { GatewayError } from '../../../src/kernel/errors.js';

export function fixtureSpec(name: string, args: readonly string[] = []): ChildSpec {
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  return {
    command: process.execPath,
    args: [file, ...args],
    cwd: null,
    env: { PATH: '/usr/bin:/bin' },
  };
}

/** Short, so that a test of the whole ladder takes a moment. */
export const QUICK_TIMING = { stdinCloseMs: 100, terminateMs: 150 };

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export class RecordingListener implements ChannelListener {
  readonly messages: Message[] = [];
  readonly bytes: Buffer[] = [];
  readonly closes: GatewayError[] = [];
  readonly #events = new EventEmitter();

  readonly relatedIds: (string | number | undefined)[] = [];
  readonly streamsClosed: (string | number)[] = [];

  onMessage(bytes: Buffer, relatedId?: string | number): void {
    this.bytes.push(bytes);
    this.relatedIds.push(relatedId);
    this.messages.push(JSON.parse(bytes.toString()) as Message);
    this.#events.emit('message');
  }

  onStreamClosed(relatedId: string | number): void {
    this.streamsClosed.push(relatedId);
  }

  onClose(error: GatewayError): void {
    this.closes.push(error);
    this.#events.emit('close');
  }

  /** The message with this index, once it is there. */
  async message(index = 0): Promise<Message> {
    for (;;) {
      const message = this.messages[index];
      if (message !== undefined) return message;
      await once(this.#events, 'message');
    }
  }

  /** The response with this id, once it is there. */
  async response(id: number | string): Promise<Message> {
    for (;;) {
      const found = this.messages.find(
        (message) => message.id === id && message.method === undefined,
      );
      if (found !== undefined) return found;
      await once(this.#events, 'message');
    }
  }

  /** The notification of this method, once it is there. */
  async notification(method: string): Promise<Message> {
    for (;;) {
      const found = this.messages.find((message) => message.method === method);
      if (found !== undefined) return found;
      await once(this.#events, 'message');
    }
  }

  async closed(): Promise<GatewayError> {
    for (;;) {
      const error = this.closes[0];
      if (error !== undefined) return error;
      await once(this.#events, 'close');
    }
  }
}

/** A logger whose entries a test can read. */
export function recordingLog(): {
  readonly log: Logger;
  readonly entries: Record<string, unknown>[];
} {
  const entries: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => entries.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { log, entries };
}

export function ask(channel: Channel, message: object): boolean {
  return channel.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })), {
    user: 'alice',
    credential: null,
  });
}
