/**
 * Servers of revision 2024-11-05 that are reached over HTTP+SSE: one stream and one POST address a
 * session (legacy-sse-channel.ts). It lives in the upstream host because its sessions do.
 */
import { Agent } from 'undici';
import { GatewayError } from '../kernel/errors.js';
import { memberOf } from '../mcp/message-members.js';
import type { Channel, ChannelListener, ChannelOwner, ChannelSource } from './channel.js';
import { LegacySseChannel } from './legacy-sse-channel.js';
import type { SourceStatus, StatusSource } from './source-status.js';

export interface LegacySseSourceOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The header for its owner's credential; null: none is sent. */
  readonly credentialHeader: { readonly name: string; readonly prefix: string } | null;
  /** Longest event of a server. Default 16 MiB. */
  readonly maxEventBytes?: number;
}

/** A result with pictures may be long; the host holds it a few times over while it is read. Chosen. */
const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

export class LegacySseSource implements ChannelSource, StatusSource {
  readonly #options: LegacySseSourceOptions;
  readonly #channels = new Set<LegacySseChannel>();
  // The default ends a response that says nothing for 300 s, and an idle session's stream says nothing.
  readonly #agent = new Agent({ bodyTimeout: 0 });
  /** Why the newest stream could not be opened; null when it could. */
  #lastFailure: string | null = null;
  #droppedMessages = 0;
  #isClosed = false;

  constructor(options: LegacySseSourceOptions) {
    this.#options = options;
  }

  get openCount(): number {
    return this.#channels.size;
  }

  /** Its server says how many it takes. */
  get isFull(): boolean {
    return false;
  }

  open(owner: ChannelOwner, listener: ChannelListener): Channel {
    if (this.#isClosed) throw new GatewayError('GW_DRAINING');
    const channel = new LegacySseChannel({
      url: this.#options.url,
      headers: this.#headersFor(owner),
      agent: this.#agent,
      maxEventBytes: this.#options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES,
      listener,
      isProbe: owner.purpose === 'probe',
      onOpened: () => {
        this.#lastFailure = null;
      },
      onNotOpened: (cause) => {
        this.#judge(cause);
      },
      onDropped: () => {
        this.#droppedMessages += 1;
      },
      onGone: () => {
        this.#channels.delete(channel);
      },
    });
    this.#channels.add(channel);
    return channel;
  }

  #headersFor({ credential }: ChannelOwner): Readonly<Record<string, string>> {
    const { headers, credentialHeader } = this.#options;
    if (credentialHeader === null || credential === null) return headers;
    const name = credentialHeader.name.toLowerCase();
    const others = Object.entries(headers).filter(([each]) => each.toLowerCase() !== name);
    return Object.fromEntries([...others, [name, credentialHeader.prefix + credential]]);
  }

  /** That a user's credential is refused says nothing about the server. */
  #judge(cause: unknown): void {
    const status = memberOf(cause, 'code');
    if (this.#options.credentialHeader !== null && (status === 401 || status === 403)) return;
    this.#lastFailure = cause instanceof Error ? cause.message : String(cause);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    await this.#agent.destroy();
  }

  status(): SourceStatus {
    return {
      kind: 'sse',
      state: this.#lastFailure === null ? 'ready' : 'failing',
      reason: this.#lastFailure,
      openCount: this.#channels.size,
      restarts: 0,
      droppedLines: this.#droppedMessages,
    };
  }
}
