/**
 * Servers of revision 2024-11-05 that are reached over HTTP+SSE: one stream and one POST address a
 * session, spoken by the SDK's transport. It lives in the upstream host because its sessions do.
 */
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { GatewayError } from '../kernel/errors.js';
import type { Channel, ChannelListener, ChannelOwner, ChannelSource } from './channel.js';
import type { SourceStatus, StatusSource } from './source-status.js';

export interface LegacySseSourceOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The header for its owner's credential; null: none is sent. */
  readonly credentialHeader: { readonly name: string; readonly prefix: string } | null;
}

export class LegacySseSource implements ChannelSource, StatusSource {
  readonly #options: LegacySseSourceOptions;
  readonly #channels = new Set<LegacySseChannel>();
  #lastFailure: string | null = null;
  #isClosed = false;

  constructor(options: LegacySseSourceOptions) {
    this.#options = options;
  }

  get openCount(): number {
    return this.#channels.size;
  }

  open(owner: ChannelOwner, listener: ChannelListener): Channel {
    if (this.#isClosed) throw new GatewayError('GW_DRAINING');
    const channel = new LegacySseChannel(this.#optionsFor(owner), listener, (failure) => {
      this.#channels.delete(channel);
      this.#lastFailure = failure;
    });
    this.#channels.add(channel);
    return channel;
  }

  #optionsFor({ credential }: ChannelOwner): LegacySseSourceOptions {
    const { headers, credentialHeader } = this.#options;
    if (credentialHeader === null || credential === null) return this.#options;
    const name = credentialHeader.name.toLowerCase();
    const others = Object.entries(headers).filter(([each]) => each.toLowerCase() !== name);
    const own = Object.fromEntries([...others, [name, credentialHeader.prefix + credential]]);
    return { ...this.#options, headers: own };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#channels].map((channel) => channel.close()));
  }

  status(): SourceStatus {
    return {
      kind: 'sse',
      state: this.#lastFailure === null ? 'ready' : 'failing',
      reason: this.#lastFailure,
      openCount: this.#channels.size,
      restarts: 0,
      droppedLines: 0,
    };
  }
}

/** Messages that may wait for the stream to open. */
const MAX_WAITING = 100;

class LegacySseChannel implements Channel {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only client of a transport that old servers still speak
  readonly #transport: SSEClientTransport;
  readonly #listener: ChannelListener;
  readonly #onGone: (failure: string | null) => void;
  /** Resolves when messages may be posted. */
  readonly #opened: Promise<void>;
  #waiting = 0;
  #isOver = false;

  constructor(
    options: LegacySseSourceOptions,
    listener: ChannelListener,
    onGone: (failure: string | null) => void,
  ) {
    this.#listener = listener;
    this.#onGone = onGone;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
    this.#transport = new SSEClientTransport(new URL(options.url), {
      requestInit: { headers: { ...options.headers } },
    });
    this.#transport.onmessage = (message) => {
      if (!this.#isOver) listener.onMessage(Buffer.from(JSON.stringify(message)));
    };
    this.#transport.onclose = () => {
      this.#end(null);
    };
    this.#transport.onerror = (error) => {
      this.#end(error);
    };
    this.#opened = this.#transport.start();
    this.#opened.catch((error: unknown) => {
      this.#end(error);
    });
  }

  send(message: Uint8Array): boolean {
    if (this.#isOver) return true;
    if (this.#waiting >= MAX_WAITING) {
      this.#end(new Error('too many messages wait for the server'));
      return true;
    }
    this.#waiting += 1;
    void this.#post(message).finally(() => {
      this.#waiting -= 1;
    });
    return this.#waiting < MAX_WAITING / 2;
  }

  async writable(): Promise<void> {
    await this.#opened.catch(() => undefined); // Its failure is told by onClose.
  }

  cancel(): void {
    // The server is told by message; there is nothing else to stop.
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#transport.close();
    this.#onGone(null);
  }

  async #post(message: Uint8Array): Promise<void> {
    try {
      await this.#opened;
      const parsed: unknown = JSON.parse(Buffer.from(message).toString());
      await this.#transport.send(JSONRPCMessageSchema.parse(parsed));
    } catch (error) {
      this.#end(error);
    }
  }

  #end(cause: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    void this.#transport.close();
    const failure = cause instanceof Error ? cause.message : null;
    this.#onGone(failure);
    this.#listener.onClose(new GatewayError('GW_UPSTREAM_UNREACHABLE', { cause }));
  }
}
